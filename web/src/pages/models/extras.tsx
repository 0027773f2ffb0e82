// Extra headers and body as JSON, checked while they are typed; and the time limits, for the few who need them.
import { useState } from "react";
import { readJson } from "@/lib/json-check";
import { text } from "@/text/en/form";
import { Field } from "@/ui/field";
import { Input, TextArea } from "@/ui/input";
import { Fold } from "./parts";
import type { Form } from "./use-form";
import { DEADLINES } from "./values";

const FIELDS = [
  { value: "extraHeaders", name: "extra_headers", label: text.extraHeaders, hint: null },
  { value: "extraBody", name: "extra_body", label: text.extraBody, hint: text.extraBodyHint },
] as const;

export function Extras({ form }: { form: Form }) {
  const { values } = form;
  const [wanted, setOpen] = useState<boolean>();
  const wrong = FIELDS.some(({ name }) => form.problems[name] !== undefined);
  const open = wrong || (wanted ?? (values.extraHeaders !== "" || values.extraBody !== ""));
  return (
    <Fold
      title={text.extras}
      state={text.extrasState(membersOf(values.extraHeaders), membersOf(values.extraBody))}
      open={open}
      onOpen={setOpen}
    >
      <p className="text-hint text-ink-2">{text.extrasHint}</p>
      {FIELDS.map(({ value, name, label, hint }) => (
        <Field key={name} label={label} hint={hint} error={form.shown(name)}>
          {(ids) => (
            <TextArea
              {...ids}
              mono
              rows={Math.min(12, Math.max(3, values[value].split("\n").length))}
              placeholder="{}"
              value={values[value]}
              onChange={(event) => form.set({ [value]: event.target.value })}
            />
          )}
        </Field>
      ))}
    </Fold>
  );
}

/** How many members a text holds, or null where it is no object. */
function membersOf(given: string): number | null {
  if (given.trim() === "") return 0;
  const read = readJson(given);
  return read.ok && typeof read.value === "object" && read.value !== null && !Array.isArray(read.value)
    ? Object.keys(read.value).length
    : null;
}

export function Advanced({ form }: { form: Form }) {
  const { timeouts } = form.values;
  const own = DEADLINES.filter((name) => timeouts[name].trim() !== "").length;
  const wrong = DEADLINES.some((name) => form.problems[name] !== undefined);
  const [open, setOpen] = useState(false);
  return (
    <Fold title={text.advanced} state={text.advancedState(own)} open={open || wrong} onOpen={setOpen}>
      <p className="text-hint text-ink-2">{text.advancedHint}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        {DEADLINES.map((name) => (
          <Field key={name} label={text.deadlines[name]} error={form.shown(name)}>
            {(ids) => (
              <Input
                {...ids}
                inputMode="decimal"
                value={timeouts[name]}
                onChange={(event) => form.set({ timeouts: { ...timeouts, [name]: event.target.value } })}
              />
            )}
          </Field>
        ))}
      </div>
    </Fold>
  );
}
