// Asks before a form that was changed is left, by a link, by the browser's back button, or by closing the tab.
import { useBlocker } from "@tanstack/react-router";
import type { RefObject } from "react";
import { text } from "@/text/en/form";
import { Confirm } from "@/ui/dialog";

export interface LeaveGuardProps {
  dirty: boolean;
  /** Set once the form is saved: going on is then no loss, and the page has not been drawn anew yet. */
  done: RefObject<boolean>;
}

export function LeaveGuard({ dirty, done }: LeaveGuardProps) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && !done.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty && !done.current,
    withResolver: true,
  });
  return (
    <Confirm
      open={blocker.status === "blocked"}
      onClose={() => blocker.reset?.()}
      title={text.leaveTitle}
      action={text.leave}
      onConfirm={async () => blocker.proceed?.()}
    >
      {text.leaveBody}
    </Confirm>
  );
}
