// How a trial went, beside the button that began it, until the next action: what happened, the provider's own words,
// what to do; the URL that was called and the raw reply on demand.
import { useEffect, useState } from "react";
import type { Format, Preset } from "@/lib/providers";
import { text } from "@/text/en/trials";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Code } from "./parts";
import { type Outcome, say } from "./said";
import type { Trial } from "./use-trial";

export interface OutcomeProps {
  trial: Trial<Outcome>;
  format: Format | undefined;
  presets: readonly Preset[];
  /** The form was changed since; the sentence that says so. */
  stale?: string | null;
  onAllowPrivate?: () => void;
}

export function OutcomeNotice({ trial, format, presets, stale, onAllowPrivate }: OutcomeProps) {
  const { answer, refusal, baseUrl, keyed } = trial;
  if (!answer)
    return (
      <Notice kind="danger" title={text.notTried}>
        {refusal?.message}
      </Notice>
    );
  if (answer.ok)
    return (
      <Notice kind="good" title={text.works(answer.duration_ms)}>
        <Called answer={answer} />
        {stale ? <p className="text-ink-2">{stale}</p> : null}
      </Notice>
    );
  const said = say(answer, { baseUrl, format, presets, keyed });
  return (
    <Notice kind="danger" title={`${answer.message}: ${said.happened}`} reply={answer.reply}>
      {said.words ? (
        <p>
          {text.said} <em>{said.words}</em>
        </p>
      ) : null}
      {said.detail ? <p>{said.detail}</p> : null}
      {answer.retry_after !== null ? <Countdown seconds={answer.retry_after} /> : null}
      {said.advice ? <p>{said.advice}</p> : null}
      <Called answer={answer} />
      {stale ? <p className="text-ink-2">{stale}</p> : null}
      {answer.kind === "private_network" && onAllowPrivate ? (
        <Button size="small" className="mt-1" onClick={onAllowPrivate}>
          {text.allow}
        </Button>
      ) : null}
    </Notice>
  );
}

function Called({ answer }: { answer: Outcome }) {
  return (
    <p className="text-ink-2">
      {answer.status !== null ? `${text.status} ${answer.status} · ` : ""}
      {answer.ok ? "" : `${answer.duration_ms}\u2009ms · `}
      {text.called} <Code>{answer.url}</Code>
    </p>
  );
}

function Countdown({ seconds }: { seconds: number }) {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const until = Date.now() + seconds * 1000;
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))), 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  // Not live: a screen reader would read every second aloud.
  return <p aria-live="off">{text.wait(left)}</p>;
}
