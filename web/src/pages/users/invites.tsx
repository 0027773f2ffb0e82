// Invites that were made, those that work no more included.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { type Role, roleNames } from "@/lib/roles";
import { forgetPeople, type Invite, invitesQuery } from "@/pages/users/queries";
import { Paged } from "@/shell/paged";
import { text } from "@/text/en/users";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/page";
import { Table, Td, Th, Tr } from "@/ui/table";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";

export function Invites() {
  const found = useInfiniteQuery(invitesQuery);
  return (
    <Paged found={found} what={text.whatInvites} empty={<Empty>{text.emptyInvites}</Empty>}>
      {(invites) => (
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
      )}
    </Paged>
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
