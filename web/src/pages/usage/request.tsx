// One request: what is known of it, where its time went, and, on demand, what was said.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, MessageSquare } from "lucide-react";
import { useEffect, useState } from "react";
import { formatsQuery } from "@/api/queries";
import { exactTime } from "@/lib/format";
import { hasModifier, isTyping } from "@/lib/keys";
import { usePreferences } from "@/lib/preferences";
import { curlOf, placeOf } from "@/pages/usage/request/curl";
import { Facts } from "@/pages/usage/request/facts";
import { callQuery, captureQuery, type OneCall } from "@/pages/usage/request/queries";
import { SaidTabs } from "@/pages/usage/request/said-tabs";
import { isConversation } from "@/pages/usage/request/turns";
import { Waterfall } from "@/pages/usage/request/waterfall";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/request";
import { Badge, statusKind } from "@/ui/badge";
import { buttonClass, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Loading, Page } from "@/ui/page";

export default function RequestPage() {
  const { id } = useParams({ from: "/frame/usage/$id" });
  const found = useQuery(callQuery(id));
  const above = (
    <nav aria-label={text.way}>
      <Link to="/usage/" className="underline-offset-2 hover:underline">
        {text.usage}
      </Link>
      {" / "}
      {text.title}
    </nav>
  );
  if (!found.data) {
    return (
      <Page title={text.title} above={above}>
        {found.error ? (
          <Failed error={found.error} again={() => void found.refetch()} what={text.what} />
        ) : (
          <Loading what={text.what} />
        )}
      </Page>
    );
  }
  return <Shown key={id} call={found.data} above={above} />;
}

function Shown({ call, above }: { call: OneCall; above: React.ReactNode }) {
  const [asked, setAsked] = useState(false);
  const capture = useQuery(captureQuery(call.id, asked));
  const { data: formats } = useQuery(formatsQuery);
  const place = formats ? placeOf(call, formats) : null;
  const said = capture.data?.request;
  const body = said?.text && !said.truncated ? said.text : null;
  return (
    <Page
      title={text.title}
      above={above}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="break-all font-mono text-[1.25rem]">{call.id}</span>
          <CopyButton text={call.id} label={text.copyId} />
          <Badge kind={statusKind(call.status)} mono>
            {call.status}
          </Badge>
          <time dateTime={call.at} className="font-normal text-body text-ink-2">
            {exactTime(call.at)}
          </time>
        </span>
      }
      actions={
        <>
          <Beside older={call.older} newer={call.newer} />
          {place ? (
            <CopyButton
              size="normal"
              spelled
              label={text.copyCurl}
              text={() => curlOf(call, place, body, location.origin)}
            />
          ) : null}
          {call.model_asked && isConversation(call.endpoint) ? (
            <Link
              to="/chat/"
              search={{
                model: call.model_asked,
                api_model_id: call.api_model_name === null ? undefined : (call.api_model_id ?? undefined),
              }}
              className={buttonClass()}
            >
              <MessageSquare aria-hidden size={16} />
              {text.openInChat}
            </Link>
          ) : null}
        </>
      }
    >
      <div className="flex flex-col gap-5">
        <Facts call={call} place={place} />
        <Waterfall call={call} />
        <SaidTabs
          call={call}
          capture={capture}
          asked={asked}
          onRead={() => (asked ? void capture.refetch() : setAsked(true))}
        />
      </div>
    </Page>
  );
}

/** The ways to the requests beside this one, also by the keys J and K. */
function Beside({ older, newer }: { older: string | null; newer: string | null }) {
  const navigate = useNavigate();
  const single = usePreferences()?.single_key_shortcuts ?? false;
  const go = (id: string | null) => {
    if (id) void navigate({ to: "/usage/$id/", params: { id }, search: (now) => now });
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!single || hasModifier(event) || event.altKey || event.ctrlKey || isTyping(event.target)) return;
      const id = { j: older, k: newer }[event.key];
      if (id) void navigate({ to: "/usage/$id/", params: { id }, search: (now) => now });
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [single, older, newer, navigate]);
  return (
    <>
      <IconButton label={text.older} disabled={!older} onClick={() => go(older)}>
        <ChevronLeft aria-hidden size={17} />
      </IconButton>
      <IconButton label={text.newer} disabled={!newer} onClick={() => go(newer)}>
        <ChevronRight aria-hidden size={17} />
      </IconButton>
    </>
  );
}
