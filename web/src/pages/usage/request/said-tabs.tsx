// What was said, in five views. Nothing is read before somebody asks for it, since each reading is on record.
import type { UseQueryResult } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { useMe } from "@/api/queries";
import { Gate } from "@/pages/usage/request/gate";
import { Headers } from "@/pages/usage/request/headers";
import { KeptFor } from "@/pages/usage/request/kept-for";
import type { Capture, OneCall } from "@/pages/usage/request/queries";
import { SaidBody } from "@/pages/usage/request/said-body";
import { Upstream } from "@/pages/usage/request/upstream";
import { text } from "@/text/en/request";
import { Loading } from "@/ui/page";
import { Tabs } from "@/ui/tabs";

// The dialects are many bytes, and most visits read no conversation.
const Conversation = lazy(() => import("@/pages/usage/request/conversation"));

const VIEWS = ["conversation", "request", "upstream", "response", "headers"] as const;

export interface SaidTabsProps {
  call: OneCall;
  capture: UseQueryResult<Capture>;
  asked: boolean;
  onRead: () => void;
}

export function SaidTabs({ call, capture, asked, onRead }: SaidTabsProps) {
  const { tab } = useSearch({ from: "/frame/usage/$id" });
  const navigate = useNavigate();
  const me = useMe();
  const view = VIEWS.find((each) => each === tab) ?? "conversation";
  const read = capture.data;
  const content = (shown: ReactNode) => (
    <div className="px-4 py-4">{read ? shown : <Gate capture={capture} asked={asked} onRead={onRead} />}</div>
  );
  return (
    <section aria-label={text.tabsLabel} className="rounded-card border border-line bg-surface">
      <Tabs
        label={text.tabsLabel}
        value={view}
        onChange={(next) =>
          void navigate({
            to: "/usage/$id/",
            params: { id: call.id },
            search: { tab: next === "conversation" ? undefined : next },
            replace: true,
            resetScroll: false,
          })
        }
        tabs={VIEWS.map((value) => ({
          value,
          label: value === "upstream" && read?.sent ? text.upstreamChanges(read.sent.changes.length) : text.tabs[value],
          content: content(read ? <View view={value} call={call} read={read} /> : null),
        }))}
      />
      {read ? <KeptFor admin={me.role === "admin"} /> : null}
    </section>
  );
}

function View({ view, call, read }: { view: (typeof VIEWS)[number]; call: OneCall; read: Capture }) {
  switch (view) {
    case "conversation":
      return (
        <Suspense fallback={<Loading rows={2} what={text.reading} />}>
          <Conversation endpoint={call.endpoint} read={read} />
        </Suspense>
      );
    case "request":
      return <SaidBody said={read.request} copy={text.copyRequest} />;
    case "upstream":
      return <Upstream sent={read.sent} />;
    case "response":
      return <SaidBody said={read.response} copy={text.copyResponse} />;
    case "headers":
      return <Headers sent={read.sent} />;
  }
}
