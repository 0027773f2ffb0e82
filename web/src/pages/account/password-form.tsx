// Another password for oneself.
import { useState } from "react";
import { api, call } from "@/api/client";
import { useMe } from "@/api/queries";
import { useSubmit } from "@/lib/use-submit";
import { LEAST_PASSWORD, Length } from "@/pages/entry/account-form";
import { text } from "@/text/en/account";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { SecretInput } from "@/ui/input";
import { Notice } from "@/ui/notice";
import { toast } from "@/ui/toast";

export function PasswordForm() {
  const me = useMe();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const { busy, at, elsewhere, run } = useSubmit("new_password");
  const change = async () => {
    const body = { current_password: current, new_password: next };
    await call(api.POST("/bodhi/v1/session/password", { body }));
    setCurrent("");
    setNext("");
    toast(text.changed);
  };
  return (
    <form
      className="flex max-w-sm flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void run(change);
      }}
    >
      <p className="text-ink-2">{text.passwordLead}</p>
      {elsewhere ? <Notice kind="danger" title={elsewhere} /> : null}
      {/* Tells password managers whose password this is. */}
      <input type="hidden" name="username" autoComplete="username" value={me.username} readOnly />
      <Field label={text.current}>
        {(ids) => (
          <SecretInput
            {...ids}
            what={text.currentWord}
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
        )}
      </Field>
      <Field label={text.next} error={at("new_password")}>
        {(ids) => (
          <SecretInput
            {...ids}
            what={text.nextWord}
            autoComplete="new-password"
            required
            minLength={LEAST_PASSWORD}
            value={next}
            onChange={(event) => setNext(event.target.value)}
          />
        )}
      </Field>
      <Length password={next} />
      <Button type="submit" className="self-start" busy={busy}>
        {text.change}
      </Button>
    </form>
  );
}
