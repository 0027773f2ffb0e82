// Making an API token, or changing one.
import { useState } from "react";
import { api, call } from "@/api/client";
import { useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { useSubmit } from "@/lib/use-submit";
import type { Minted } from "@/pages/tokens/dialogs";
import { forgetTokens, type Token } from "@/pages/tokens/queries";
import { text } from "@/text/en/tokens";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input, TextArea } from "@/ui/input";
import { Notice } from "@/ui/notice";
import { Select } from "@/ui/select";
import { Switch } from "@/ui/switch";
import { toast } from "@/ui/toast";

export interface TokenFormProps {
  /** The token to change; without one a token is made. */
  token?: Token;
  onClose: () => void;
  onMinted: (minted: Minted) => void;
}

export function TokenForm({ token, onClose, onMinted }: TokenFormProps) {
  const me = useMe();
  const [name, setName] = useState(token?.name ?? "");
  const [globs, setGlobs] = useState(token?.allowed_models.join("\n") ?? "");
  const [lifetime, setLifetime] = useState(token ? "keep" : "90");
  const [wide, setWide] = useState(false);
  const { busy, at, elsewhere, run } = useSubmit("name", "allowed_models");
  const lifetimes = [...(token ? ["keep"] : []), "7", "30", "90", "365", ...(me.role === "admin" ? ["never"] : [])];
  const submit = async () => {
    const allowed_models = globs
      .split(/[\n,]/)
      .map((glob) => glob.trim())
      .filter(Boolean);
    const expires = lifetime === "keep" ? {} : { expires_in_days: lifetime === "never" ? null : Number(lifetime) };
    if (token) {
      const params = { path: { token_id: token.id } };
      await call(api.PATCH("/bodhi/v1/tokens/{token_id}", { params, body: { name, allowed_models, ...expires } }));
      await forgetTokens();
      toast(text.saved);
      onClose();
    } else {
      const scope = wide ? "power_user" : "user";
      onMinted(await call(api.POST("/bodhi/v1/tokens", { body: { name, scope, allowed_models, ...expires } })));
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={token ? text.editTitle(token.name) : text.newTitle}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button type="submit" form="token" look="primary" busy={busy}>
            {token ? text.save : text.create}
          </Button>
        </>
      }
    >
      <form
        id="token"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void run(submit);
        }}
      >
        {elsewhere ? <Notice kind="danger" title={elsewhere} /> : null}
        <Field label={text.name} hint={text.nameHint} error={at("name")}>
          {(ids) => (
            <Input {...ids} required maxLength={255} value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <Field label={text.models} hint={text.modelsHint} error={at("allowed_models")}>
          {(ids) => (
            <TextArea {...ids} mono rows={3} value={globs} onChange={(event) => setGlobs(event.target.value)} />
          )}
        </Field>
        <Field label={text.lifetime}>
          {(ids) => (
            <Select
              {...ids}
              value={lifetime}
              onChange={setLifetime}
              options={lifetimes.map((value) => ({ value, label: text.lifetimes[value] ?? value }))}
            />
          )}
        </Field>
        {!token && atLeast(me.role, "power_user") ? (
          <Switch checked={wide} onChange={setWide} label={text.scope} hint={text.scopeHint} />
        ) : null}
      </form>
    </Dialog>
  );
}
