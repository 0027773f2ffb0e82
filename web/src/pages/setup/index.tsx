// The first Admin, by the code of the link that `bodhi serve` prints. The code arrives in the fragment, which browsers
// never send to a server, and leaves the address bar at once.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api, call } from "@/api/client";
import { oidcQuery, queryClient, setupQuery } from "@/api/queries";
import { AccountForm } from "@/pages/entry/account-form";
import { Entry } from "@/pages/entry/entry";
import { Steps } from "@/pages/setup/steps";
import { goToProvider } from "@/shell/oidc";
import { PageFailed } from "@/shell/page-failed";
import { text } from "@/text/en/entry";
import { Button, buttonClass } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Notice } from "@/ui/notice";

export default function SetupPage() {
  const { data: setup, error, refetch } = useQuery(setupQuery);
  if (error) return <PageFailed error={error} reset={() => void refetch()} />;
  if (!setup) return null;
  return setup.needed ? <Claim /> : <Done />;
}

function Claim() {
  const navigate = useNavigate();
  const { data: oidc } = useQuery(oidcQuery);
  const [code, setCode] = useState(() => new URLSearchParams(location.hash.slice(1)).get("code") ?? "");
  const [typed] = useState(code === "");
  const [problem, setProblem] = useState<string>();
  useEffect(() => history.replaceState(history.state, "", location.pathname), []);
  const claim = async (username: string, password: string) => {
    await call(api.POST("/bodhi/v1/setup", { body: { code, username, password, bearer: false } }));
    queryClient.clear();
    await navigate({ to: "/models/api/new/", search: { first: "1" }, replace: true });
  };
  return (
    <Entry title={text.setupTitle} lead={text.setupLead} above={<Steps current={0} />}>
      {problem ? <Notice kind="danger" title={problem} className="mb-4" /> : null}
      <AccountForm
        withName
        action={text.proceed}
        onSubmit={claim}
        before={
          typed ? (
            <Field label={text.setupCode} hint={text.setupCodeHint}>
              {(ids) => <Input {...ids} mono required value={code} onChange={(event) => setCode(event.target.value)} />}
            </Field>
          ) : null
        }
      />
      {oidc?.configured ? (
        <Button
          className="mt-3 w-full"
          onClick={() => goToProvider("setup", code).catch((error: Error) => setProblem(error.message))}
        >
          {text.setupWith(oidc.name ?? "OpenID Connect")}
        </Button>
      ) : null}
    </Entry>
  );
}

function Done() {
  return (
    <Entry title={text.setupDone} lead={text.setupDoneLead}>
      <Link to="/sign-in/" className={buttonClass("primary")}>
        {text.toSignIn}
      </Link>
    </Entry>
  );
}
