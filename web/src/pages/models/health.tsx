// How the last test of an api model went, and what the provider said then.
import clsx from "clsx";
import { LoaderCircle } from "lucide-react";
import { useState } from "react";
import { duration } from "@/lib/format";
import { text } from "@/text/en/models";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Time } from "@/ui/time";
import type { ApiModel } from "./values";

export function HealthCell({ model, testing }: { model: ApiModel; testing: boolean }) {
  const [open, setOpen] = useState(false);
  const { last_test: test } = model;
  if (testing)
    return (
      <span className="flex items-center gap-2 text-ink-2">
        <LoaderCircle aria-hidden size={13} className="animate-spin" />
        {text.testing}
      </span>
    );
  if (model.broken)
    return (
      <span className="flex items-center gap-2 text-danger" title={model.broken}>
        <Dot look="bg-danger" />
        {text.broken}
      </span>
    );
  if (!test)
    return (
      <span className="flex items-center gap-2 text-ink-2">
        <Dot look="border border-line-strong" />
        {text.untested}
      </span>
    );
  const how = test.ok ? text.works(test.duration_ms) : (text.refused[test.message] ?? text.failed);
  return (
    <>
      <button
        type="button"
        aria-label={text.healthOf(model.name, how)}
        onClick={() => setOpen(true)}
        className="-mx-1 flex min-h-6 items-center gap-2 whitespace-nowrap rounded-[6px] px-1 text-left hover:bg-sunken"
      >
        <Dot look={test.ok ? "bg-accent" : "bg-danger"} />
        <span>
          {how}
          {test.ok ? null : (
            <>
              , <Time at={test.at} />
            </>
          )}
        </span>
      </button>
      {open ? <TestDialog model={model} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function Dot({ look }: { look: string }) {
  return <span aria-hidden className={clsx("size-2 shrink-0 rounded-full", look)} />;
}

function TestDialog({ model, onClose }: { model: ApiModel; onClose: () => void }) {
  const test = model.last_test;
  if (!test) return null;
  const rows = [
    [
      text.testOf,
      <code key="model" className="break-all font-mono text-hint">
        {model.prefix + test.model}
      </code>,
    ],
    [text.testAt, <Time key="at" at={test.at} />],
    [text.testTime, duration(test.duration_ms * 1000)],
    [text.testStatus, test.status],
    [text.testSaid, test.detail],
  ] as const;
  return (
    <Dialog
      open
      onClose={onClose}
      title={text.testTitle(model.name)}
      description={test.message}
      footer={<Button onClick={onClose}>{text.close}</Button>}
    >
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-5 gap-y-2">
        {rows
          .filter(([, value]) => value !== null && value !== "")
          .map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-ink-2">{name}</dt>
              <dd className="break-words">{value}</dd>
            </div>
          ))}
      </dl>
    </Dialog>
  );
}
