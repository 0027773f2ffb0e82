// Whether prompts and completions are kept, for how long, and how much of each.
import { type FormEvent, useState } from "react";
import { ApiError, api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
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
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const body = { enabled, days: Number(days), max_bytes: Number(most) * KB, purge };
      await call(api.PUT("/bodhi/v1/capture", { body }));
      setPurge(false);
      toast(text.saved);
      await queryClient.invalidateQueries({ queryKey: settingsQuery.queryKey });
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, "failed", String(error)));
    } finally {
      setBusy(false);
    }
  };
  const at = (param: string) => (problem?.param === param ? problem.message : undefined);
  return (
    <form className="flex max-w-[768px] flex-col gap-4" onSubmit={save}>
      {problem && !["days", "max_bytes"].includes(problem.param ?? "") ? (
        <Notice kind="danger" title={problem.message} />
      ) : null}
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
