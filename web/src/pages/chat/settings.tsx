// The settings of a chat. What the model's dialect cannot send is not shown; what is shown is in the request below.
import { ChevronRight, Star } from "lucide-react";
import { type ReactNode, useId, useMemo } from "react";
import { readExtra } from "@/chat/dialects";
import { keyOf } from "@/chat/models";
import { turnsOf } from "@/chat/tree";
import type { Settings } from "@/chat/types";
import { changePreferences, usePreferences } from "@/lib/preferences";
import { NumberField, TextField } from "@/pages/chat/setting-fields";
import { requestOf } from "@/pages/chat/use-asking";
import type { ChatView } from "@/pages/chat/use-chat";
import { text } from "@/text/en/chat";
import { Button, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Field } from "@/ui/field";
import { Select } from "@/ui/select";
import { Switch } from "@/ui/switch";
import { toast } from "@/ui/toast";

const AS_PROVIDER = "";

export interface SettingsPanelProps {
  view: ChatView;
  /** The picker of models. */
  model: (id: string) => ReactNode;
}

export function SettingsPanel({ view, model }: SettingsPanelProps) {
  const { settings, change, dialect } = view;
  const extra = useMemo(() => readExtra(settings.extra, dialect), [settings.extra, dialect]);
  const modelId = useId();
  const set =
    <Name extends keyof Settings>(name: Name) =>
    (value: Settings[Name]) =>
      change({ [name]: value });
  const maxTokens = dialect?.maxTokens;
  return (
    <div
      className="relative flex min-h-0 flex-1 flex-col gap-5 overflow-y-auto px-4 pt-4 pb-8"
      tabIndex={0}
      role="group"
      aria-label={text.settings}
    >
      <div className="flex flex-col gap-1.5">
        <div className="flex items-center justify-between">
          <label htmlFor={modelId} className="font-medium">
            {text.model}
          </label>
          <Stars view={view} />
        </div>
        {model(modelId)}
      </div>
      <TextField
        key={`system-${view.id}`}
        label={text.system}
        value={settings.system}
        placeholder={text.systemPlaceholder}
        rows={4}
        onChange={set("system")}
      />
      {dialect ? (
        <>
          <NumberField
            label={text.temperature}
            value={settings.temperature}
            onChange={set("temperature")}
            slider={{ min: 0, max: dialect.temperatureMax, step: 0.1 }}
          />
          <NumberField
            label={text.topP}
            value={settings.top_p}
            onChange={set("top_p")}
            slider={{ min: 0, max: 1, step: 0.05 }}
          />
          <NumberField
            label={text.maxTokens}
            value={settings.max_tokens}
            onChange={set("max_tokens")}
            placeholder={maxTokens ? text.defaultIs(maxTokens) : text.providerDefault}
          />
          <Field label={text.effort}>
            {(ids) => (
              <Select
                {...ids}
                value={settings.effort && dialect.efforts.includes(settings.effort) ? settings.effort : AS_PROVIDER}
                onChange={(value) => change({ effort: value || null })}
                options={[
                  { value: AS_PROVIDER, label: text.providerDefault },
                  ...dialect.efforts.map((each) => ({ value: each, label: each })),
                ]}
              />
            )}
          </Field>
          {dialect.budget ? (
            <NumberField
              label={text.budget}
              hint={text.budgetHint}
              value={settings.thinking_budget}
              onChange={set("thinking_budget")}
              placeholder={text.providerDefault}
              least={0}
            />
          ) : null}
          {dialect.stopMax ? (
            <TextField
              key={`stop-${view.id}`}
              label={text.stopTexts}
              hint={text.stopHint(dialect.stopMax)}
              value={settings.stop.join("\n")}
              rows={2}
              mono
              onChange={(typed) => change({ stop: typed.split("\n").filter((line) => line !== "") })}
            />
          ) : null}
          <Switch checked={settings.stream} onChange={set("stream")} label={text.stream} />
          <TextField
            key={`extra-${view.id}`}
            label={text.extra}
            hint={text.extraHint}
            error={extra.problem ? text.extraProblem(extra.problem) : undefined}
            value={settings.extra}
            placeholder='{"seed": 7}'
            rows={3}
            mono
            onChange={set("extra")}
          />
        </>
      ) : null}
      <RequestJson view={view} />
      <Button
        size="small"
        className="self-start"
        onClick={async () => {
          await changePreferences({ chat_settings: { ...settings } });
          toast(text.kept);
        }}
      >
        {text.keepDefaults}
      </Button>
    </div>
  );
}

function Stars({ view: { choice } }: { view: ChatView }) {
  const preferences = usePreferences();
  if (!choice || !preferences) return null;
  const key = keyOf(choice.id, choice.apiModelId);
  const starred = preferences.favourites.includes(key);
  const others = preferences.favourites.filter((each) => each !== key);
  const isDefault = preferences.default_model === key;
  return (
    <span className="flex items-center gap-1">
      <IconButton
        size="small"
        label={starred ? text.removeFavourite : text.addFavourite}
        aria-pressed={starred}
        onClick={() => changePreferences({ favourites: starred ? others : [...others, key] })}
      >
        <Star aria-hidden size={15} fill={starred ? "currentColor" : "none"} className={starred ? "text-accent" : ""} />
      </IconButton>
      <Button
        size="small"
        look="quiet"
        aria-pressed={isDefault}
        onClick={() => changePreferences({ default_model: isDefault ? null : key })}
      >
        {isDefault ? text.isDefault : text.makeDefault}
      </Button>
    </span>
  );
}

function RequestJson({ view }: { view: ChatView }) {
  return (
    <details className="group">
      <summary className="flex min-h-7 w-fit list-none items-center gap-1.5 rounded-control font-medium [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden size={15} className="text-ink-2 group-open:rotate-90" />
        {text.requestJson}
      </summary>
      <Written view={view} />
    </details>
  );
}

function Written({ view }: { view: ChatView }) {
  const turns = [...turnsOf(view.path), { role: "user", text: "…", attachments: [] } as const];
  const written = requestOf(view, turns);
  if (!written) return null;
  const json = JSON.stringify(written.body, null, 2);
  return (
    <div className="mt-1 flex flex-col gap-1.5">
      <p className="text-hint text-ink-2">{text.requestNote}</p>
      <div className="flex items-center justify-between gap-2">
        <code className="min-w-0 break-all text-ink-2 text-tag">POST {written.path}</code>
        <CopyButton text={json} label={text.copyRequest} />
      </div>
      <pre
        data-testid="request-json"
        tabIndex={0}
        className="relative max-h-96 overflow-auto rounded-control border border-line bg-sunken p-2.5 font-mono text-tag"
      >
        {shortened(json)}
      </pre>
    </div>
  );
}

/** Pictures as their first characters: the whole would be megabytes that nobody reads. */
function shortened(json: string): string {
  return json.replaceAll(/"((?:data:[\w/+.-]+;base64,)?[A-Za-z0-9+/]{40})[A-Za-z0-9+/=]{400,}"/g, '"$1…"');
}
