// One call in the list.
import { Link, useNavigate } from "@tanstack/react-router";
import { memo } from "react";
import { count, duration, exactTime, money, shortTime } from "@/lib/format";
import type { Call } from "@/pages/usage/filters";
import { text } from "@/text/en/usage";
import { Badge, statusKind } from "@/ui/badge";
import { Td, Tr } from "@/ui/table";

export const CallRow = memo(function CallRow({ call, withUser }: { call: Call; withUser: boolean }) {
  const navigate = useNavigate();
  return (
    <Tr
      className="cursor-pointer hover:bg-sunken"
      onClick={(event) => {
        // The link within does the same, and knows other windows; marking text is no click.
        if (event.target instanceof Element && event.target.closest("a")) return;
        if (!window.getSelection()?.toString()) void navigate({ to: "/usage/$id/", params: { id: call.id } });
      }}
    >
      <Td className="whitespace-nowrap">
        <Link
          to="/usage/$id/"
          params={{ id: call.id }}
          title={exactTime(call.at)}
          className="font-mono text-hint underline decoration-line-strong underline-offset-3 hover:decoration-current"
        >
          {shortTime(call.at)}
        </Link>
      </Td>
      <Td>
        <Badge kind={call.error && call.status < 400 ? "warn" : statusKind(call.status)} mono>
          <span title={call.error ?? undefined}>{call.status}</span>
        </Badge>
      </Td>
      <Td className="max-w-64">
        <span className="block truncate font-mono text-hint" title={call.model_asked ?? undefined}>
          {call.model_asked ?? call.endpoint}
        </span>
      </Td>
      <Td className="max-w-40 truncate">{call.api_model_name ?? gone(call.api_model_id)}</Td>
      <Td className="max-w-40 truncate">{call.token_name ?? gone(call.token_id)}</Td>
      {withUser ? <Td className="max-w-32 truncate">{call.user_name ?? gone(call.user_id)}</Td> : null}
      <Td number>{count(call.input_tokens)}</Td>
      <Td number>{count(call.output_tokens)}</Td>
      <Td number>{money(call.cost_nano)}</Td>
      <Td number>{duration(call.first_byte_us)}</Td>
      <Td number>{duration(call.total_us)}</Td>
    </Tr>
  );
});

function gone(id: string | null) {
  return <span className="text-ink-2">{id ? text.gone(id) : "–"}</span>;
}
