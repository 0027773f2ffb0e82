// A secret, shown once, with what to paste where. It is in this dialog's memory only, and gone when it closes.
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { duration } from "@/lib/format";
import { type SnippetModels, snippets } from "@/lib/snippets";
import type { Minted } from "@/pages/tokens/dialogs";
import { snippetModels } from "@/pages/tokens/queries";
import { tryToken } from "@/pages/tokens/try";
import { text } from "@/text/en/tokens";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";
import { Tabs } from "@/ui/tabs";

export function TokenReady({ minted, onClose }: { minted: Minted; onClose: () => void }) {
  const [tab, setTab] = useState("curl");
  const { data: models } = useQuery({
    queryKey: ["snippet-models", minted.id],
    queryFn: () => snippetModels(minted.allowed_models),
  });
  return (
    <Dialog
      open
      insistent
      wide
      onClose={onClose}
      title={text.ready(minted.name)}
      footer={
        <Button look="primary" onClick={onClose}>
          {text.done}
        </Button>
      }
    >
      <div className="flex items-center gap-2 rounded-control border border-line-strong py-1.5 pr-1.5 pl-3">
        <output aria-label={text.token} className="min-w-0 flex-1 break-all font-mono text-hint">
          {minted.token}
        </output>
        <CopyButton text={minted.token} label={text.copyToken} />
      </div>
      <p className="mt-3 mb-4 flex items-center gap-2 text-warn">
        <TriangleAlert aria-hidden size={16} />
        {text.copyNow}
      </p>
      {models ? (
        <>
          <Tabs
            label={text.snippets}
            value={tab}
            onChange={setTab}
            tabs={snippets(location.origin, minted.token, models).map(({ name, code, warning }) => ({
              value: name,
              label: name,
              content: (
                <div className="min-h-44 pt-3">
                  {warning ? <Notice kind="warn" title={warning} className="mb-3" /> : null}
                  <div className="relative rounded-control bg-sunken">
                    {/* A scroll area that the keyboard reaches. */}
                    <pre tabIndex={0} className="overflow-x-auto p-3 pr-12 font-mono text-tag leading-5">
                      {code}
                    </pre>
                    <span className="absolute top-1.5 right-1.5">
                      <CopyButton text={code} label={text.copySnippet(name)} />
                    </span>
                  </div>
                </div>
              ),
            }))}
          />
          <Try minted={minted} models={models} />
        </>
      ) : null}
    </Dialog>
  );
}

function Try({ minted, models }: { minted: Minted; models: SnippetModels }) {
  const [state, setState] = useState<"idle" | "busy" | { us: number } | { problem: string; reply: string | null }>(
    "idle",
  );
  if (Object.keys(models).length === 0) return <p className="mt-3 text-hint text-ink-2">{text.noModel}</p>;
  const run = async () => {
    setState("busy");
    setState(await tryToken(minted.token, models));
  };
  return (
    <div className="mt-3 flex flex-wrap items-center gap-3">
      <Button busy={state === "busy"} onClick={run}>
        {text.try}
      </Button>
      {typeof state === "object" && "us" in state ? (
        <p role="status" className="font-medium text-accent">
          {text.tried(duration(state.us))}
        </p>
      ) : null}
      {typeof state === "object" && "problem" in state ? (
        <Notice kind="danger" title={state.problem} reply={state.reply} className="w-full" />
      ) : null}
    </div>
  );
}
