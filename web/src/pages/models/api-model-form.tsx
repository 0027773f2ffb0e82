// The API model form, put together: what was typed, what a test of it says, and saving. Each section has its own file.
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useMemo, useRef, useState } from "react";
import { isBaseUrl, readBaseUrl } from "@/lib/base-url";
import { type Format, type Preset, presetAt, presetsOf } from "@/lib/providers";
import { text } from "@/text/en/form";
import { Notice } from "@/ui/notice";
import { toast } from "@/ui/toast";
import { Bar } from "./bar";
import { Changes } from "./changes";
import { Connection } from "./connection";
import { Advanced, Extras } from "./extras";
import { type Filled, sourceOfPreset } from "./fill";
import { LeaveGuard } from "./leave-guard";
import { ModelChoice } from "./model-choice";
import { OutcomeNotice } from "./outcome";
import { Section } from "./parts";
import { Presets } from "./presets";
import { ReplaceDialog } from "./replace-dialog";
import { Routing } from "./routing";
import { useForm } from "./use-form";
import { fieldOf, useSave } from "./use-save";
import { connectionOf } from "./use-trial";
import { useTrials } from "./use-trials";
import { type ApiModel, bodyOf, type Values } from "./values";

export interface ApiModelFormProps {
  formats: readonly Format[];
  others: readonly ApiModel[];
  stored: ApiModel | null;
  initial: Values;
  filled?: Filled;
  /** It began as a duplicate of one with a key, which is not copied. */
  copied?: boolean;
  /** The first provider of a fresh installation: trying it comes next. */
  first?: boolean;
}

export function ApiModelForm({ formats, others, initial, filled, copied = false, first, ...given }: ApiModelFormProps) {
  const navigate = useNavigate();
  // As it was when the form was opened: what somebody else saves meanwhile is not to look like a change made here.
  const [stored] = useState(given.stored);
  const form = useForm({ formats, others, stored, initial, filled });
  const { values, format } = form;
  const presets = useMemo(() => presetsOf(formats), [formats]);
  const preset = presetAt(presets, values.baseUrl, values.format);
  const name = suggestedName(values, preset, format);
  const body = bodyOf(values, name);
  const element = useRef<HTMLFormElement>(null);
  const done = useRef(false);
  const trial = useTrials(form, stored, name);
  const save = useSave(stored);

  const use = (chosen: Preset) => {
    const wanted = formats.find((each) => each.name === chosen.format);
    if (wanted) form.fillFrom(sourceOfPreset(chosen, wanted));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (save.isPending) return;
    form.attempt();
    trial.clear();
    if (Object.keys(form.problems).length > 0) return focusFirstProblem(element.current);
    try {
      const saved = await save.mutateAsync(body);
      done.current = true;
      form.set({ key: "" });
      toast(text.saved);
      if (!first) return void navigate({ to: "/models/" });
      const [model] = saved.models;
      void navigate({ to: "/chat/", search: model ? { model: saved.prefix + model, api_model_id: saved.id } : {} });
    } catch (error) {
      const field = fieldOf(error);
      if (field && error instanceof Error) form.refuse(field, error.message);
      focusFirstProblem(element.current);
    }
  };
  const unsaved = save.error && !fieldOf(save.error) ? save.error.message : null;
  const problems = Object.keys(form.problems).length;

  return (
    <form ref={element} noValidate onSubmit={submit}>
      {stored ? null : (
        <Presets formats={formats} presets={presets} current={preset} onPreset={use} onCurl={form.fillFrom} />
      )}
      <Connection
        form={form}
        formats={formats}
        presets={presets}
        name={name}
        preset={preset}
        copied={copied}
        privateRefused={trial.privateRefused}
        onPreset={use}
      />
      <Routing form={form} />
      {values.usePrefix && values.forwardAll ? (
        <Section title={text.models}>
          <p className="text-ink-2">{text.forwarding(values.prefix || "…")}</p>
        </Section>
      ) : (
        <ModelChoice
          form={form}
          offered={trial.offered}
          fetching={trial.fetch.isPending}
          onFetch={trial.runFetch}
          failure={
            trial.fetchFailed ? (
              <OutcomeNotice
                key={trial.fetch.submittedAt}
                trial={trial.fetchFailed}
                format={format}
                presets={presets}
                onAllowPrivate={() => form.set({ allowPrivate: true })}
              />
            ) : null
          }
        />
      )}
      <Extras form={form} />
      <Advanced form={form} />
      {stored ? <Changes stored={stored} body={body} /> : null}
      <Bar
        said={notices({
          unsaved,
          attention: form.attempted && problems > 0 ? text.fix(problems) : null,
          tested: trial.tested ? (
            <OutcomeNotice
              key={trial.test.submittedAt}
              trial={trial.tested}
              format={format}
              presets={presets}
              stale={trial.tested.of === connectionOf(values) ? null : text.stale}
              onAllowPrivate={() => form.set({ allowPrivate: true })}
            />
          ) : trial.nameMissing ? (
            <Notice kind="warn" title={text.testModelMissing} />
          ) : null,
        })}
        testing={trial.test.isPending}
        onTest={trial.runTest}
        testModel={trial.testModel}
        onTestModel={trial.setTestModel}
        saving={save.isPending}
        onCancel={() => void navigate({ to: "/models/" })}
      />
      {form.question ? <ReplaceDialog filling={form.question} onAnswer={form.answer} /> : null}
      <LeaveGuard dirty={form.dirty} done={done} />
    </form>
  );
}

interface Notices {
  unsaved: string | null;
  attention: string | null;
  tested: ReactNode;
}

function notices({ unsaved, attention, tested }: Notices): ReactNode {
  if (unsaved !== null)
    return (
      <Notice kind="danger" title={text.notSaved}>
        {unsaved}
      </Notice>
    );
  if (attention !== null && !tested) return <Notice kind="warn" title={attention} />;
  return tested;
}

function suggestedName(values: Values, preset: Preset | undefined, format: Format | undefined): string {
  const read = readBaseUrl(values.baseUrl);
  return preset?.label ?? (isBaseUrl(read) ? read.host : (format?.label ?? ""));
}

/** Wait for the problems to be drawn, then lead to the first: a sighted and a listening person both get there. */
function focusFirstProblem(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => {
    const wrong = form?.querySelector<HTMLElement>("[aria-invalid=true]");
    wrong?.focus();
  });
}
