// Why an answer failed, where the answer would be, with a countdown where a time to wait was asked for.
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useMe } from "@/api/queries";
import type { Content, Failure } from "@/chat/types";
import { atLeast } from "@/lib/roles";
import { text } from "@/text/en/chat";
import { tell } from "@/text/en/chat-failures";
import { Button, buttonClass } from "@/ui/button";
import { Notice } from "@/ui/notice";

export interface FailureNoteProps {
  content: Content;
  failure: Failure;
  onAgain?: () => void;
}

export function FailureNote({ content, failure, onAgain }: FailureNoteProps) {
  const me = useMe();
  const left = useSecondsLeft(failure);
  const told = tell(failure, content.api_model_name ?? "", left);
  const mends = ["refused_key", "not_found", "page", "odd"].includes(failure.kind) && atLeast(me.role, "power_user");
  return (
    <Notice
      kind={failure.kind === "limited" ? "warn" : "danger"}
      title={told.title}
      reply={failure.reply}
      actions={
        onAgain || (mends && content.api_model_id) ? (
          <>
            {onAgain ? (
              <Button size="small" disabled={left > 0} onClick={onAgain}>
                {text.regenerate}
              </Button>
            ) : null}
            {mends && content.api_model_id ? (
              <Link
                to="/models/api/edit/$id/"
                params={{ id: content.api_model_id }}
                className={buttonClass("plain", "small")}
              >
                {text.openApiModel}
              </Link>
            ) : null}
          </>
        ) : null
      }
    >
      {told.said ? (
        <p>
          {text.itSaid} <q className="italic">{told.said}</q>
        </p>
      ) : null}
      {told.advice ? <p>{told.advice}</p> : null}
    </Notice>
  );
}

function useSecondsLeft({ wait, at }: Failure): number {
  const until = wait && at ? Date.parse(at) + wait * 1000 : 0;
  const [now, setNow] = useState(Date.now);
  const left = Math.max(0, Math.ceil((until - now) / 1000));
  const waiting = left > 0;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [waiting]);
  return left;
}
