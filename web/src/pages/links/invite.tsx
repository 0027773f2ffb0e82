// An account by an invite. The code arrives in the fragment, which browsers never send to a server.
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
import { exactTime } from "@/lib/format";
import { AccountForm } from "@/pages/entry/account-form";
import { Entry } from "@/pages/entry/entry";
import { useLinkCode } from "@/pages/links/code";
import { text } from "@/text/en/entry";
import { Notice } from "@/ui/notice";

export default function InvitePage() {
  const code = useLinkCode();
  const navigate = useNavigate();
  const look = useMutation({ mutationFn: () => call(api.POST("/bodhi/v1/invites/look", { body: { code } })) });
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at once for each code.
  useEffect(() => {
    if (code) look.mutate();
  }, [code]);
  const accept = async (username: string, password: string) => {
    await call(api.POST("/bodhi/v1/invites/accept", { body: { code, username, password, bearer: false } }));
    queryClient.clear();
    await navigate({ to: "/", replace: true });
  };
  const offer = look.data;
  return (
    <Entry
      title={text.inviteTitle}
      lead={offer ? text.inviteLead(offer.invited_by, offer.role, exactTime(offer.expires_at)) : undefined}
    >
      {!code ? <Notice kind="danger" title={text.incomplete} /> : null}
      {look.error ? <Notice kind="danger" title={look.error.message} /> : null}
      {offer ? <AccountForm withName action={text.createAccount} onSubmit={accept} /> : null}
    </Entry>
  );
}
