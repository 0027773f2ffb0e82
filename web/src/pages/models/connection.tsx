// Format, name, address and key of the form, and whether the address may be a private one.
import { type ClipboardEvent, useState } from "react";
import { doubledSuffix, isBaseUrl, isPrivateHost, missingPath, readBaseUrl, requestUrl } from "@/lib/base-url";
import type { Format, Preset } from "@/lib/providers";
import { text } from "@/text/en/form";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Notice } from "@/ui/notice";
import { Select } from "@/ui/select";
import { Switch } from "@/ui/switch";
import { type Source, sourceOfFormat } from "./fill";
import { sourceOfCurl } from "./from-curl";
import { KeyField } from "./key-field";
import { Code, Section } from "./parts";
import type { Form } from "./use-form";

export interface ConnectionProps {
  form: Form;
  formats: readonly Format[];
  presets: readonly Preset[];
  /** The name that is saved where none is typed. */
  name: string;
  preset: Preset | undefined;
  copied: boolean;
  /** A trial was refused because the address is in a private network. */
  privateRefused: boolean;
  onPreset: (preset: Preset) => void;
}

export function Connection(props: ConnectionProps) {
  const { form, formats, presets, name, privateRefused } = props;
  const { values, format } = form;
  return (
    <Section title={text.connection}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={text.format} hint={text.formatHints[values.format]} error={form.shown("format")}>
          {(ids) => (
            <Select
              {...ids}
              value={values.format}
              options={formats.map((each) => ({ value: each.name, label: each.label }))}
              onChange={(chosen) => {
                const next = formats.find((each) => each.name === chosen);
                if (next && next.name !== values.format) form.fillFrom(sourceOfFormat(next));
              }}
            />
          )}
        </Field>
        <Field label={text.name} hint={text.nameHint} error={form.shown("name")}>
          {(ids) => (
            <Input
              {...ids}
              value={values.name}
              placeholder={name}
              onChange={(event) => form.set({ name: event.target.value })}
              onBlur={() => form.leave("name")}
            />
          )}
        </Field>
      </div>
      {format?.notice ? (
        <Notice kind="warn" title={format.label}>
          {format.notice}
        </Notice>
      ) : null}
      <BaseUrl form={form} read={(command) => sourceOfCurl(command, formats, presets)} />
      {isPrivate(values.baseUrl) || values.allowPrivate || privateRefused ? (
        <div>
          <Switch
            label={text.allowPrivate}
            hint={isPrivate(values.baseUrl) ? text.allowPrivateHint : text.allowPrivateElse}
            checked={values.allowPrivate}
            onChange={(allowPrivate) => form.set({ allowPrivate })}
          />
          {form.shown("allow_private_network") ? (
            <p role="alert" className="mt-1 text-danger text-hint">
              {form.shown("allow_private_network")}
            </p>
          ) : null}
        </div>
      ) : null}
      {form.around.stored?.broken ? <Notice kind="warn" title={form.around.stored.broken} /> : null}
      <KeyField {...props} />
    </Section>
  );
}

function BaseUrl({ form, read }: { form: Form; read: (command: string) => Source | null }) {
  const { values, format } = form;
  const [field, setField] = useState<HTMLInputElement | null>(null);
  const suffix = format?.endpoints.find((each) => each.probe)?.url_suffix ?? "";
  const url = requestUrl(values.baseUrl, suffix, values.models[0] ?? "");
  const paste = (event: ClipboardEvent<HTMLInputElement>) => {
    const source = read(event.clipboardData.getData("text"));
    if (source === null) return;
    event.preventDefault();
    form.fillFrom(source);
  };
  const mend = (baseUrl: string) => {
    form.set({ baseUrl });
    field?.focus();
  };
  return (
    <Field
      label={text.baseUrl}
      error={form.shown("base_url")}
      hint={
        <>
          {url ? (
            <>
              {text.requestsTo} <Code>{url}</Code>
            </>
          ) : null}
          <Slip form={form} onMend={mend} />
        </>
      }
    >
      {(ids) => (
        <Input
          {...ids}
          mono
          inputMode="url"
          ref={setField}
          value={values.baseUrl}
          onPaste={paste}
          onChange={(event) => form.set({ baseUrl: event.target.value })}
          onBlur={() => form.leave("base_url")}
        />
      )}
    </Field>
  );
}

/** What is often wrong with an address that can be read, and how to mend it. */
function Slip({ form: { values, format }, onMend }: { form: Form; onMend: (baseUrl: string) => void }) {
  const bare = values.baseUrl.trim().replace(/\/+$/, "");
  const suffix = doubledSuffix(bare, format?.endpoints.map((each) => each.url_suffix) ?? []);
  const path = missingPath(bare, format?.base_url ?? "");
  if (!suffix && !path) return null;
  return (
    <span className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-warn">
      {suffix ? text.suffixDoubled(suffix) : text.pathMissing(path)}
      <Button size="small" onClick={() => onMend(suffix ? bare.slice(0, -suffix.length) : bare + path)}>
        {suffix ? text.removeSuffix(suffix) : text.addPath(path)}
      </Button>
    </span>
  );
}

function isPrivate(baseUrl: string): boolean {
  const read = readBaseUrl(baseUrl);
  return isBaseUrl(read) && isPrivateHost(read.host);
}
