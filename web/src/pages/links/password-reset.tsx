// A new password by a link. It signs in nobody: whoever holds the link alone gets no session.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, call } from "@/api/client";
import { AccountForm } from "@/pages/entry/account-form";
import { Entry } from "@/pages/entry/entry";
import { useLinkCode } from "@/pages/links/code";
import { text } from "@/text/en/entry";
import { buttonClass } from "@/ui/button";
import { Notice } from "@/ui/notice";

export default function PasswordResetPage() {
  const code = useLinkCode();
  const [name, setName] = useState<string>();
  if (name !== undefined) {
    return (
      <Entry title={text.resetTitle}>
        <Notice kind="good" title={text.resetDone(name)} className="mb-4" />
        <Link to="/sign-in/" className={buttonClass("primary")}>
          {text.toSignIn}
        </Link>
      </Entry>
    );
  }
  return (
    <Entry title={text.resetTitle} lead={text.resetLead}>
      {code ? (
        <AccountForm
          withName={false}
          passwordLabel={text.newPassword}
          action={text.setPassword}
          onSubmit={async (_, password) => {
            const done = await call(api.POST("/bodhi/v1/password-resets/accept", { body: { code, password } }));
            setName(done.username);
          }}
        />
      ) : (
        <Notice kind="danger" title={text.incomplete} />
      )}
    </Entry>
  );
}
