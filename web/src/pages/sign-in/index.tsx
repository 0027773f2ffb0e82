// Signing in, with a password or at the identity provider, and back to where one wanted to go.
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, call } from "@/api/client";
import { meQuery, oidcQuery, queryClient, setupQuery } from "@/api/queries";
import { Entry } from "@/pages/entry/entry";
import { Credentials } from "@/shell/credentials";
import { announceSignIn, goToProvider } from "@/shell/oidc";
import { Redirect } from "@/shell/redirect";
import { text } from "@/text/en/entry";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";

export default function SignInPage() {
  const { next } = useSearch({ from: "/sign-in" });
  const { data: oidc } = useQuery(oidcQuery);
  const { data: setup } = useQuery(setupQuery);
  const { data: me } = useQuery(meQuery);
  const [problem, setProblem] = useState<string>();
  if (setup?.needed) return <Redirect to="/setup/" />;
  if (me) return <Redirect to={isInside(next) ? next : "/"} />;
  const signIn = async (username: string, password: string) => {
    await call(api.POST("/bodhi/v1/session", { body: { username, password, bearer: false } }));
    queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== meQuery.queryKey[0] });
    announceSignIn();
    await queryClient.fetchQuery({ ...meQuery, staleTime: 0 });
  };
  return (
    <Entry title={text.signInTitle}>
      {problem ? <Notice kind="danger" title={problem} className="mb-4" /> : null}
      {oidc?.configured ? (
        <>
          <Button
            className="w-full"
            onClick={() => goToProvider("sign_in").catch((error: Error) => setProblem(error.message))}
          >
            {text.signInWith(oidc.name ?? "OpenID Connect")}
          </Button>
          <p className="my-4 text-center text-ink-2">{text.or}</p>
        </>
      ) : null}
      <Credentials action={text.signIn} onSubmit={signIn} />
      <p className="mt-6 text-hint text-ink-2">{text.forgotten}</p>
    </Entry>
  );
}

/** Whether an address stays within these pages: a link must not send anybody elsewhere after signing in. */
function isInside(next: string | undefined): next is string {
  return next !== undefined && /^\/(?![/\\])/.test(next);
}
