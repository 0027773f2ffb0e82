// Invites that were made, those that work no more included.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { type Role, roleNames } from "@/lib/roles";
import { forgetPeople, type Invite, invitesQuery } from "@/pages/users/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/users";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Empty, Loading } from "@/ui/page";
import { Table, Td, Th, Tr } from "@/ui/table";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";

export function Invites() {
  const found = useInfiniteQuery(invitesQuery);
  if (found.error) return <Failed error={found.error} again={() => void found.refetch()} what={text.whatInvites} />;
  const invites = found.data?.pages.flatMap((page) => page.data);
  if (!invites) return <Loading what={text.whatInvites} />;
  if (invites.length === 0) return <Empty>{text.emptyInvites}</Empty>;
  return (
    <>
      <Table label={text.invitesLabel} className="min-w-[640px]">
        <thead>
          <tr>
            <Th>{text.inviteNote}</Th>
            <Th>{text.role}</Th>
            <Th>{text.by}</Th>
            <Th>{text.until}</Th>
            <Th>{text.state}</Th>
            <Th>
              <span className="sr-only">{text.actions}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {invites.map((invite) => (
            <InviteRow key={invite.id} invite={invite} />
          ))}
        </tbody>
      </Table>
      {found.hasNextPage ? (
        <Button className="mt-3" busy={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {text.more}
        </Button>
      ) : null}
    </>
  );
}

function InviteRow({ invite }: { invite: Invite }) {
  const [busy, setBusy] = useState(false);
  const withdraw = async () => {
    setBusy(true);
    try {
      await call(api.DELETE("/bodhi/v1/invites/{invite_id}", { params: { path: { invite_id: invite.id } } }));
      toast(text.withdrawn);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
      await forgetPeople();
    }
  };
  return (
    <Tr>
      <Td className="break-words font-medium">{invite.note || "–"}</Td>
      <Td>{roleNames[invite.role as Role] ?? invite.role}</Td>
      <Td>{invite.created_by_name}</Td>
      <Td>
        <Time at={invite.expires_at} />
      </Td>
      <Td>
        <Badge kind={invite.state === "open" ? "good" : "plain"}>{text.states[invite.state] ?? invite.state}</Badge>
      </Td>
      <Td className="text-right">
        {invite.state === "open" ? (
          <Button size="small" busy={busy} onClick={withdraw}>
            {text.withdraw}
          </Button>
        ) : null}
      </Td>
    </Tr>
  );
}
