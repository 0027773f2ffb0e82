// What saving would change of a stored api model, field by field. Of keys only that they change.
import { useState } from "react";
import { text } from "@/text/en/form";
import { Becomes, Code, Fold } from "./parts";
import { type ApiModel, type Body, changesTo } from "./values";

export function Changes({ stored, body }: { stored: ApiModel; body: Body }) {
  const [open, setOpen] = useState(false);
  const changed = Object.entries(changesTo(stored, body));
  return (
    <Fold
      title={text.changes}
      state={changed.length ? text.changed(changed.length) : text.nothing}
      open={open}
      onOpen={setOpen}
    >
      <dl className="flex flex-col gap-3">
        {changed.map(([field, value]) => (
          <div key={field}>
            <dt className="font-medium">{text.fieldNames[field] ?? field}</dt>
            <dd className="text-ink-2">{told(field, value, stored)}</dd>
          </div>
        ))}
      </dl>
      {changed.length === 0 ? <p className="text-ink-2">{text.nothing}</p> : null}
    </Fold>
  );
}

function told(field: string, value: unknown, stored: ApiModel) {
  if (field === "models") return <Code>{movements(stored.models, value as string[]).join(", ")}</Code>;
  const before =
    field === "api_key" ? (stored.has_key ? text.keyWas : text.keyRemoved) : shown(stored[field as keyof ApiModel]);
  const after = field === "api_key" ? (value === null ? text.keyRemoved : text.keyReplaced) : shown(value);
  return (
    <>
      <Code>{before}</Code>
      <Becomes />
      <Code>{after}</Code>
    </>
  );
}

function movements(before: readonly string[], after: readonly string[]): string[] {
  const moved = [
    ...after.filter((id) => !before.includes(id)).map(text.added),
    ...before.filter((id) => !after.includes(id)).map(text.removedOne),
  ];
  return moved.length > 0 ? moved : [text.reordered];
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return text.nothing;
  if (typeof value === "boolean") return value ? text.on : text.off;
  if (typeof value === "string") return value;
  const written = JSON.stringify(value);
  return written === "{}" ? text.nothing : written;
}
