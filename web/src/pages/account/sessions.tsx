// Where one is signed in, and ending that.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/account";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Loading } from "@/ui/page";
import { Table, Td, Th, Tr } from "@/ui/table";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";

const KEY = ["sessions"];

export function OwnSessions() {
  const { data, error, refetch } = useQuery({ queryKey: KEY, queryFn: () => call(api.GET("/bodhi/v1/sessions")) });
  const [busy, setBusy] = useState<string>();
  if (error) return <Failed error={error} again={() => void refetch()} what={text.what} />;
  if (!data) return <Loading rows={2} what={text.what} />;
  const end = async (what: string, work: Promise<unknown>, said: string) => {
    setBusy(what);
    try {
      await work;
      toast(said);
    } catch (failure) {
      toast(failure instanceof Error ? failure.message : String(failure));
    } finally {
      setBusy(undefined);
      await queryClient.invalidateQueries({ queryKey: KEY });
    }
  };
  return (
    <>
      <p className="text-ink-2">{text.sessionsLead}</p>
      <Table label={text.sessionsLabel}>
        <thead>
          <tr>
            <Th>{text.where}</Th>
            <Th>{text.seen}</Th>
            <Th>
              <span className="sr-only">{text.actions}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {data.data.map((session) => (
            <Tr key={session.id}>
              <Td>
                <span className="block">{device(session)}</span>
                <span className="block break-all text-hint text-ink-2">{session.address}</span>
              </Td>
              <Td>
                <Time at={session.seen_at} />
              </Td>
              <Td className="text-right">
                {session.current ? (
                  <Badge kind="good">{text.here}</Badge>
                ) : (
                  <Button
                    size="small"
                    busy={busy === session.id}
                    onClick={() => {
                      const params = { path: { session_id: session.id } };
                      void end(session.id, call(api.DELETE("/bodhi/v1/sessions/{session_id}", { params })), text.ended);
                    }}
                  >
                    {text.end}
                  </Button>
                )}
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      {data.data.length > 1 ? (
        <Button
          className="self-start"
          busy={busy === "others"}
          onClick={() => void end("others", call(api.DELETE("/bodhi/v1/sessions")), text.othersEnded)}
        >
          {text.endOthers}
        </Button>
      ) : null}
    </>
  );
}

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrom(e|ium)\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Windows/, "Windows"],
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

function device(session: Schemas["SessionShown"]): string {
  const agent = session.user_agent ?? "";
  const named = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = named(BROWSERS);
  if (!browser) return session.carried_by === "bearer" ? text.program : text.unknown;
  const system = named(SYSTEMS);
  return system ? `${browser} · ${system}` : browser;
}
