// A name and a password for an account, or a new password alone, with what is asked of it told while it is typed.
import clsx from "clsx";
import { Check, CircleDashed } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useSubmit } from "@/lib/use-submit";
import { text } from "@/text/en/entry";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input, SecretInput } from "@/ui/input";
import { Notice } from "@/ui/notice";

/** The shortest password that the gateway takes (NIST SP 800-63B: length counts, composition rules do not). */
export const LEAST_PASSWORD = 8;
/** From here on a password is called long. */
export const LONG_PASSWORD = 15;

export interface AccountFormProps {
  /** Fields before name and password. */
  before?: ReactNode;
  withName: boolean;
  passwordLabel?: string;
  action: string;
  onSubmit: (username: string, password: string) => Promise<void>;
}

export function AccountForm({ before, withName, passwordLabel = text.password, action, onSubmit }: AccountFormProps) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const { busy, at, elsewhere, run } = useSubmit("username", "password");
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void run(() => onSubmit(username, password));
      }}
    >
      {elsewhere ? <Notice kind="danger" title={elsewhere} /> : null}
      {before}
      {withName ? (
        <Field label={text.name} hint={text.nameHint} error={at("username")}>
          {(ids) => (
            <Input
              {...ids}
              name="username"
              autoComplete="username"
              required
              maxLength={255}
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
          )}
        </Field>
      ) : null}
      <Field label={passwordLabel} hint={text.passwordHint(LEAST_PASSWORD, LONG_PASSWORD)} error={at("password")}>
        {(ids) => (
          <SecretInput
            {...ids}
            what={text.passwordWord}
            name="password"
            autoComplete="new-password"
            required
            minLength={LEAST_PASSWORD}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Length password={password} />
      <Button type="submit" look="primary" busy={busy}>
        {action}
      </Button>
    </form>
  );
}

export function Length({ password }: { password: string }) {
  const length = Array.from(password).length;
  const long = length >= LONG_PASSWORD;
  const Icon = long ? Check : CircleDashed;
  const missing = LEAST_PASSWORD - length;
  return (
    <p aria-live="polite" className={clsx("flex items-center gap-2 text-hint", long ? "text-accent" : "text-ink-2")}>
      <Icon aria-hidden size={14} />
      {long ? text.passwordLong : missing > 0 ? text.passwordShort(missing) : text.passwordEnough}
    </p>
  );
}
