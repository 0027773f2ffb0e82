// The state of the form: its values, what was filled in by itself, which problems are shown, and the one question that
// filling may ask. What is sent, and when, is in use-trial and use-save.
import { useCallback, useMemo, useState } from "react";
import type { Format } from "@/lib/providers";
import { type Around, type FieldName, type Problems, problemsOf } from "./check";
import { type Filled, type Filling, fill, NOTHING_FILLED, type Source } from "./fill";
import { type ApiModel, same, type Values } from "./values";

export interface Given {
  formats: readonly Format[];
  others: readonly ApiModel[];
  stored: ApiModel | null;
  initial: Values;
  filled?: Filled;
}

/** Problems that are shown while somebody types; the rest wait until the field is left, or Save is pressed. */
const WHILE_TYPING: ReadonlySet<string> = new Set([
  "prefix", "extra_headers", "extra_body", "connect", "first_byte", "idle", "total", "write_stall",
]); // biome-ignore format: a list reads better in few lines.

const FIELD_OF: Partial<Record<keyof Values, FieldName>> = {
  name: "name",
  format: "format",
  baseUrl: "base_url",
  key: "api_key",
  useKey: "api_key",
  prefix: "prefix",
  usePrefix: "prefix",
  forwardAll: "models",
  models: "models",
  extraHeaders: "extra_headers",
  extraBody: "extra_body",
  allowPrivate: "allow_private_network",
};

export type Form = ReturnType<typeof useForm>;

export function useForm({ formats, others, stored, initial, filled: begun = NOTHING_FILLED }: Given) {
  const [values, setValues] = useState(initial);
  const [filled, setFilled] = useState(begun);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [attempted, setAttempted] = useState(false);
  const [refused, setRefused] = useState<Problems>({});
  const [question, setQuestion] = useState<Filling | null>(null);

  const format = formats.find((each) => each.name === values.format);
  const around: Around = useMemo(() => ({ stored, format, others }), [stored, format, others]);
  const problems = useMemo(() => problemsOf(values, around), [values, around]);

  const set = useCallback((patch: Partial<Values>) => {
    setValues((before) => ({ ...before, ...patch }));
    const fields = Object.keys(patch).map((name) => FIELD_OF[name as keyof Values]);
    setRefused((before) =>
      Object.fromEntries(Object.entries(before).filter(([field]) => !fields.includes(field as FieldName))),
    );
  }, []);

  const accept = (filling: Filling, replace: boolean) => {
    setValues(replace ? filling.replaced : filling.kept);
    setFilled(filling.filled);
    setRefused({});
    setQuestion(null);
  };

  return {
    values,
    set,
    format,
    around,
    problems,
    question,
    attempted,
    dirty: !same(values, initial),
    /** Fill from a preset, a format or a command; asks where something typed would be lost. */
    fillFrom: (source: Source) => {
      const filling = fill(values, filled, source);
      if (filling.conflicts.length > 0) setQuestion(filling);
      else accept(filling, true);
    },
    answer: (replace: boolean | null) => {
      if (question && replace !== null) accept(question, replace);
      else setQuestion(null);
    },
    leave: (field: FieldName) => setLeft((before) => new Set(before).add(field)),
    attempt: () => setAttempted(true),
    refuse: (field: FieldName, message: string) => setRefused({ [field]: message }),
    /** The problem of a field, once it is time to show it. */
    shown: (field: FieldName): string | undefined =>
      refused[field] ??
      (attempted || left.has(field) || WHILE_TYPING.has(field)
        ? visible(field, problems, values, attempted)
        : undefined),
  };
}

/** A field that is merely empty yet is no mistake before Save is pressed. */
function visible(field: FieldName, problems: Problems, values: Values, attempted: boolean): string | undefined {
  const empty =
    (field === "base_url" && values.baseUrl.trim() === "") ||
    (field === "api_key" && values.key.trim() === "") ||
    (field === "prefix" && values.prefix === "") ||
    (field === "models" && values.models.length === 0);
  return empty && !attempted ? undefined : problems[field];
}
