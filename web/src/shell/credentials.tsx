// The fields that prove who somebody is. Who asks for them, and what for, is decided elsewhere.
import { type ReactNode, useState } from "react";
import { useSubmit } from "@/lib/use-submit";
import { text } from "@/text/en/shell";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input, SecretInput } from "@/ui/input";
import { Notice } from "@/ui/notice";

export interface CredentialsProps {
  /** Fixed where only the password is asked for. */
  username?: string;
  action: string;
  onSubmit: (username: string, password: string) => Promise<void>;
  more?: ReactNode;
}

export function Credentials({ username: fixed, action, onSubmit, more }: CredentialsProps) {
  const [username, setUsername] = useState(fixed ?? "");
  const [password, setPassword] = useState("");
  const { busy, problem, run } = useSubmit();
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void run(() => onSubmit(username, password));
      }}
    >
      {problem ? (
        <Notice kind="danger" title={problem.message}>
          {problem.retryAfter ? text.tryAgainIn(problem.retryAfter) : null}
        </Notice>
      ) : null}
      {fixed === undefined ? (
        <Field label={text.username}>
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
      ) : (
        <input type="hidden" name="username" autoComplete="username" value={fixed} readOnly />
      )}
      <Field label={text.password}>
        {(ids) => (
          <SecretInput
            {...ids}
            what={text.passwordWord}
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" look="primary" busy={busy}>
        {action}
      </Button>
      {more}
    </form>
  );
}
