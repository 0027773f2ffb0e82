// Whether prompts and completions are kept, for how long, and how much of each.
import { useState } from "react";
import { api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
import { useSubmit } from "@/lib/use-submit";
import { type CapturePolicyShown, settingsQuery } from "@/pages/settings/queries";
import { text } from "@/text/en/settings";
import { Button } from "@/ui/button";
import { Checkbox } from "@/ui/checkbox";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Notice } from "@/ui/notice";
import { Switch } from "@/ui/switch";
import { toast } from "@/ui/toast";

const KB = 1024;

export function CapturePolicy({ policy }: { policy: CapturePolicyShown }) {
  const [enabled, setEnabled] = useState(policy.enabled);
  const [days, setDays] = useState(String(policy.days));
  const [most, setMost] = useState(String(Math.round(policy.max_bytes / KB)));
  const [purge, setPurge] = useState(false);
  const { busy, at, elsewhere, run } = useSubmit("days", "max_bytes");
  const save = async () => {
    const body = { enabled, days: Number(days), max_bytes: Number(most) * KB, purge };
    await call(api.PUT("/bodhi/v1/capture", { body }));
    setPurge(false);
    toast(text.saved);
    await queryClient.invalidateQueries({ queryKey: settingsQuery.queryKey });
  };
  return (
    <form
      className="flex max-w-[768px] flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void run(save);
      }}
    >
      {elsewhere ? <Notice kind="danger" title={elsewhere} /> : null}
      <Switch checked={enabled} onChange={setEnabled} label={text.keep} hint={text.keepHint} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={text.days} error={at("days")}>
          {(ids) => (
            <Input {...ids} inputMode="numeric" value={days} onChange={(event) => setDays(event.target.value)} />
          )}
        </Field>
        <Field label={text.most} error={at("max_bytes")}>
          {(ids) => (
            <Input {...ids} inputMode="numeric" value={most} onChange={(event) => setMost(event.target.value)} />
          )}
        </Field>
      </div>
      {policy.captures > 0 ? (
        <div>
          <p className="text-ink-2">{text.kept(policy.captures)}</p>
          <Checkbox checked={purge} onChange={setPurge} label={text.purge} />
        </div>
      ) : null}
      <Button type="submit" className="self-start" busy={busy}>
        {text.save}
      </Button>
    </form>
  );
}
