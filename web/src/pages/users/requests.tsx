// Requests for a role, and the answers to them.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { type Role, roleNames } from "@/lib/roles";
import { useSubmit } from "@/lib/use-submit";
import { type AccessRequest, forgetPeople, requestsQuery } from "@/pages/users/queries";
import { RoleField } from "@/pages/users/role-field";
import { Paged } from "@/shell/paged";
import { text } from "@/text/en/users";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";
import { Empty } from "@/ui/page";
import { Table, Td, Th, Tr } from "@/ui/table";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";

export function Requests() {
  const found = useInfiniteQuery(requestsQuery);
  const [asked, setAsked] = useState<AccessRequest | null>(null);
  return (
    <>
      <Paged found={found} what={text.whatRequests} empty={<Empty>{text.emptyRequests}</Empty>}>
        {(requests) => (
          <Table label={text.requestsLabel} className="min-w-[640px]">
            <thead>
              <tr>
                <Th>{text.name}</Th>
                <Th>{text.note}</Th>
                <Th>{text.asked}</Th>
                <Th>{text.decision}</Th>
              </tr>
            </thead>
            <tbody>
              {requests.map((request) => (
                <Tr key={request.id}>
                  <Td className="break-words font-medium">{request.user_name}</Td>
                  <Td className="max-w-96 break-words">{request.note || "–"}</Td>
                  <Td>
                    <Time at={request.created_at} />
                  </Td>
                  <Td>
                    <Decision request={request} onApprove={() => setAsked(request)} />
                  </Td>
                </Tr>
              ))}
            </tbody>
          </Table>
        )}
      </Paged>
      {asked ? <Approve request={asked} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

function Decision({ request, onApprove }: { request: AccessRequest; onApprove: () => void }) {
  const [busy, setBusy] = useState(false);
  const reject = async () => {
    setBusy(true);
    try {
      const params = { path: { request_id: request.id } };
      await call(api.POST("/bodhi/v1/access-requests/{request_id}/reject", { params }));
      toast(text.rejected);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
      await forgetPeople();
    }
  };
  if (request.state === "pending") {
    return (
      <span className="flex gap-2">
        <Button size="small" look="primary" onClick={onApprove}>
          {text.approve}
        </Button>
        <Button size="small" busy={busy} onClick={reject}>
          {text.reject}
        </Button>
      </span>
    );
  }
  return (
    <span className="flex flex-wrap items-center gap-2 text-hint text-ink-2">
      <Badge kind={request.state === "approved" ? "good" : "plain"}>{text.requestStates[request.state]}</Badge>
      {request.role ? (roleNames[request.role as Role] ?? request.role) : null}
      {request.decided_by_name ? text.decidedBy(request.decided_by_name) : null}
    </span>
  );
}

function Approve({ request, onClose }: { request: AccessRequest; onClose: () => void }) {
  const [role, setRole] = useState<Role>("user");
  const { busy, elsewhere, run } = useSubmit();
  const approve = async () => {
    const params = { path: { request_id: request.id } };
    await call(api.POST("/bodhi/v1/access-requests/{request_id}/approve", { params, body: { role } }));
    await forgetPeople();
    toast(text.approved);
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={text.approveTitle(request.user_name)}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" busy={busy} onClick={() => run(approve)}>
            {text.approve}
          </Button>
        </>
      }
    >
      {elsewhere ? <Notice kind="danger" title={elsewhere} className="mb-4" /> : null}
      <RoleField value={role} onChange={setRole} />
    </Dialog>
  );
}
