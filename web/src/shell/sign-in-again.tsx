// Asked where a session ended in the middle of something: the page behind it stays as it is.
import { useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { api, call } from "@/api/client";
import { answer } from "@/api/gate";
import { meQuery, oidcQuery, queryClient } from "@/api/queries";
import { Credentials } from "@/shell/credentials";
import { goBeside, useSignInElsewhere } from "@/shell/oidc";
import { text } from "@/text/en/shell";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";

export default function SignInAgain() {
  const me = queryClient.getQueryData(meQuery.queryKey);
  const { data: oidc } = useQuery(oidcQuery);
  const [problem, setProblem] = useState<string>();
  const done = useCallback(async () => {
    const before = me?.user_id;
    const now = await queryClient.fetchQuery({ ...meQuery, staleTime: 0 });
    // Somebody else must not go on with what was typed by the one before.
    if (now && before && now.user_id !== before) location.reload();
    else answer(now !== null);
  }, [me?.user_id]);
  useSignInElsewhere(done);
  const withPassword = me?.has_password !== false;
  return (
    <Dialog
      open
      insistent
      onClose={() => {}}
      title={text.sessionEnded}
      description={text.sessionEndedBody}
      footer={
        <Button look="quiet" onClick={() => answer(false)}>
          {text.notNow}
        </Button>
      }
    >
      {problem ? <Notice kind="danger" title={problem} className="mb-4" /> : null}
      {withPassword ? (
        <Credentials
          username={me?.username}
          action={text.signIn}
          onSubmit={async (username, password) => {
            await call(api.POST("/bodhi/v1/session", { body: { username, password, bearer: false } }));
            await done();
          }}
        />
      ) : null}
      {oidc?.configured ? (
        <Button
          className="mt-3 w-full"
          onClick={() => goBeside("sign_in").catch((error: Error) => setProblem(error.message))}
        >
          {text.signInWith(oidc.name ?? "OpenID Connect")}
        </Button>
      ) : null}
    </Dialog>
  );
}
