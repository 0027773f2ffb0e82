// The key: whether there is one, its masked field, and what can be told from how it was pasted. It never comes back.
import { ExternalLink } from "lucide-react";
import { type ClipboardEvent, useState } from "react";
import { type Preset, presetAt, providerOfKey } from "@/lib/providers";
import { text } from "@/text/en/form";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { SecretInput } from "@/ui/input";
import { Switch } from "@/ui/switch";
import { keyMayStay } from "./check";
import type { Form } from "./use-form";

export interface KeyFieldProps {
  form: Form;
  presets: readonly Preset[];
  preset: Preset | undefined;
  copied: boolean;
  onPreset: (preset: Preset) => void;
}

export function KeyField({ form, presets, preset, copied, onPreset }: KeyFieldProps) {
  const { values, around } = form;
  const [removing, setRemoving] = useState(false);
  const stored = around.stored?.has_key ?? false;
  return (
    <>
      <Switch
        label={text.useKey}
        hint={values.useKey ? null : text.useKeyHint}
        checked={values.useKey}
        onChange={(useKey) => (stored && !useKey ? setRemoving(true) : form.set({ useKey }))}
      />
      {values.useKey ? <Key form={form} presets={presets} preset={preset} copied={copied} onPreset={onPreset} /> : null}
      <Confirm
        open={removing}
        onClose={() => setRemoving(false)}
        title={text.keyRemoveTitle}
        action={text.keyRemove}
        onConfirm={async () => form.set({ useKey: false, key: "" })}
      >
        {text.keyRemoveBody}
      </Confirm>
    </>
  );
}

function Key({ form, presets, preset, copied, onPreset }: KeyFieldProps) {
  const { values, around } = form;
  const [left, setLeft] = useState("");
  const stays = keyMayStay(values, around);
  const problem = form.shown("api_key");
  const elsewhere = !problem && around.stored?.has_key && !stays && values.key === "" ? around.stored.origin : "";
  const paste = (event: ClipboardEvent<HTMLInputElement>) => {
    const pasted = event.clipboardData.getData("text");
    const key = pasted.trim();
    setLeft(key === pasted ? "" : blanksAround(pasted));
    if (key === pasted || values.key !== "") return;
    // A field of one line drops line breaks without a word; here they are left out and told of.
    event.preventDefault();
    form.set({ key });
  };
  return (
    <Field
      label={text.key}
      error={problem}
      hint={
        <>
          {elsewhere ? <span className="block text-warn">{text.keyForOther(elsewhere)}</span> : null}
          {copied && values.key === "" ? <span className="block text-warn">{text.keyNotCopied}</span> : null}
          {left ? (
            <span role="status" className="block text-warn">
              {text.keyTrimmed(left)}
            </span>
          ) : null}
          <Guess form={form} presets={presets} onPreset={onPreset} />
          <span className="flex flex-wrap justify-between gap-x-4">
            {text.keyHint}
            {preset?.keyUrl ? (
              <a
                href={preset.keyUrl}
                target="_blank"
                rel="noreferrer"
                className="inline-flex items-center gap-1 text-accent underline underline-offset-2"
              >
                {text.keyGet}
                <ExternalLink aria-hidden size={12} />
              </a>
            ) : null}
          </span>
        </>
      }
    >
      {(ids) => (
        <SecretInput
          {...ids}
          what={text.keyWord}
          mono
          autoComplete="new-password"
          data-1p-ignore
          value={values.key}
          placeholder={stays ? text.keyStored : ""}
          onPaste={paste}
          onChange={(event) => {
            setLeft("");
            form.set({ key: event.target.value });
          }}
          onBlur={() => form.leave("api_key")}
        />
      )}
    </Field>
  );
}

/** A key that looks like another provider's proposes that provider. */
function Guess({ form, presets, onPreset }: Pick<KeyFieldProps, "form" | "presets" | "onPreset">) {
  const { values } = form;
  const label = providerOfKey(values.key.trim());
  const guessed = presets.find((each) => each.label === label);
  const current = presetAt(presets, values.baseUrl, values.format);
  // The same address in another format is the same provider: OpenAI's key serves its Responses API as well.
  if (!guessed || current?.label === label || (current?.baseUrl === guessed.baseUrl && label === "OpenAI")) return null;
  return (
    <span role="status" className="mb-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-ink">
      {text.keyLooks(guessed.label)}
      <Button size="small" onClick={() => onPreset(guessed)}>
        {text.keyUse(guessed.label)}
      </Button>
    </span>
  );
}

function blanksAround(pasted: string): string {
  const around = pasted.replace(pasted.trim(), "");
  const breaks = around.match(/\r\n|\r|\n/g)?.length ?? 0;
  return text.blanks(around.replace(/[\r\n]/g, "").length, breaks);
}
