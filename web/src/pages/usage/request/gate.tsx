// Stands before what was said: who may read it, that reading is on record, and what to do where nothing can be read.
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LockKeyhole } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { type Capture, policyQuery } from "@/pages/usage/request/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/request";
import { Button, buttonClass } from "@/ui/button";
import { Loading } from "@/ui/page";

export interface GateProps {
  capture: UseQueryResult<Capture>;
  asked: boolean;
  onRead: () => void;
}

export function Gate({ capture, asked, onRead }: GateProps) {
  const me = useMe();
  const admin = me.role === "admin";
  const { data: policy } = useQuery(policyQuery(admin));
  const toSettings = admin ? (
    <Link to="/settings/" className={buttonClass()}>
      {text.toSettings}
    </Link>
  ) : null;
  if (!me.reads_captures) {
    return (
      <Said
        title={text.notAllowed}
        action={
          atLeast(me.role, "manager") ? (
            <Link to="/users/" className={buttonClass()}>
              {text.toUsers}
            </Link>
          ) : null
        }
      >
        {text.notAllowedBody}
      </Said>
    );
  }
  if (policy && !policy.enabled && policy.captures === 0) {
    return (
      <Said title={text.off} action={toSettings}>
        {text.offBody}
      </Said>
    );
  }
  if (capture.error instanceof ApiError && capture.error.status === 404) {
    return (
      <Said title={text.nothingKept} action={toSettings}>
        {text.nothingKeptBody}
      </Said>
    );
  }
  if (capture.error) return <Failed error={capture.error} again={onRead} what={text.reading} />;
  if (asked) return <Loading rows={3} what={text.reading} />;
  return (
    <Said title={text.readTitle} action={<Button onClick={onRead}>{text.read}</Button>}>
      {text.readBody}
    </Said>
  );
}

function Said({ title, action, children }: { title: string; action: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-3 px-4 py-8 text-center">
      <LockKeyhole aria-hidden size={20} className="text-ink-2" />
      <div className="max-w-lg text-balance">
        <p className="font-medium">{title}</p>
        <p className="mt-0.5 text-ink-2">{children}</p>
      </div>
      {action}
    </div>
  );
}
