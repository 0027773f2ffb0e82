// Controls of the settings: numbers that may be left to the provider, and texts that are kept when one pauses.
import { RotateCcw } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { text } from "@/text/en/chat";
import { IconButton } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input, TextArea } from "@/ui/input";
import { Slider } from "@/ui/slider";

/** How long after the last key something typed is kept, in milliseconds. */
const PAUSE = 400;

export interface NumberFieldProps {
  label: string;
  hint?: ReactNode;
  value: number | null;
  onChange: (value: number | null) => void;
  placeholder?: string;
  least?: number;
  slider?: { min: number; max: number; step: number };
}

/** A number, or nothing where the provider's own is meant. */
export function NumberField(props: NumberFieldProps) {
  const { slider } = props;
  return slider ? <SliderField {...props} slider={slider} /> : <WholeField {...props} />;
}

function SliderField({
  label,
  value,
  onChange,
  slider,
}: NumberFieldProps & { slider: NonNullable<NumberFieldProps["slider"]> }) {
  const [moved, move, flush] = usePaused(value, onChange);
  return (
    <Field
      label={label}
      aside={
        <span className="flex h-7 items-center gap-0.5">
          <span className="tabular">{moved ?? text.providerDefault}</span>
          {moved === null ? null : (
            <IconButton size="small" label={text.reset(label)} onClick={() => move(null)}>
              <RotateCcw aria-hidden size={13} />
            </IconButton>
          )}
        </span>
      }
    >
      {(ids) => (
        <Slider
          {...ids}
          {...slider}
          value={moved}
          aria-valuetext={moved === null ? text.providerDefault : String(moved)}
          onChange={move}
          onBlur={flush}
        />
      )}
    </Field>
  );
}

function WholeField({ label, hint, value, onChange, placeholder, least = 1 }: NumberFieldProps) {
  const [typed, setTyped] = useState(value === null ? "" : String(value));
  const [, keep, flush] = usePaused(value, onChange);
  const number = Number(typed);
  const wrong = typed.trim() !== "" && !(Number.isInteger(number) && number >= least);
  const shown = useRef(value);
  useEffect(() => {
    if (shown.current !== value) setTyped(value === null ? "" : String(value));
    shown.current = value;
  }, [value]);
  return (
    <Field label={label} hint={hint} error={wrong ? text.wholeNumber : undefined}>
      {(ids) => (
        <Input
          {...ids}
          inputMode="numeric"
          value={typed}
          placeholder={placeholder}
          onChange={(event) => {
            const next = event.target.value;
            setTyped(next);
            const read = next.trim() === "" ? null : Number(next);
            if (read === null || (Number.isInteger(read) && read >= least)) {
              shown.current = read;
              keep(read);
            }
          }}
          onBlur={flush}
        />
      )}
    </Field>
  );
}

export interface TextFieldProps {
  label: string;
  hint?: ReactNode;
  error?: ReactNode;
  value: string;
  placeholder?: string;
  rows: number;
  mono?: boolean;
  onChange: (value: string) => void;
}

export function TextField({ label, hint, error, value, placeholder, rows, mono, onChange }: TextFieldProps) {
  const [typed, setTyped] = useState(value);
  const area = useRef<HTMLTextAreaElement>(null);
  const [, keep, flush] = usePaused(value, onChange);
  // What is kept may be tidier than what is typed, and does not replace it under the cursor.
  useEffect(() => {
    if (document.activeElement !== area.current) setTyped(value);
  }, [value]);
  return (
    <Field label={label} hint={hint} error={error}>
      {(ids) => (
        <TextArea
          {...ids}
          ref={area}
          rows={rows}
          mono={mono}
          value={typed}
          placeholder={placeholder}
          onChange={(event) => {
            setTyped(event.target.value);
            keep(event.target.value);
          }}
          onBlur={flush}
        />
      )}
    </Field>
  );
}

/** What is being changed: shown at once, kept after a pause, when the field is left, or when it goes away. */
function usePaused<Value>(value: Value, onChange: (value: Value) => void) {
  const [pending, setPending] = useState<{ value: Value } | null>(null);
  const latest = useRef({ pending, onChange });
  latest.current = { pending, onChange };
  const flush = () => {
    const { pending: waiting, onChange: keep } = latest.current;
    if (waiting) keep(waiting.value);
    latest.current.pending = null;
    setPending(null);
  };
  useEffect(() => {
    if (!pending) return;
    const timer = setTimeout(() => {
      latest.current.pending = null;
      latest.current.onChange(pending.value);
      setPending(null);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [pending]);
  useEffect(
    () => () => {
      const { pending: waiting, onChange: keep } = latest.current;
      if (waiting) keep(waiting.value);
    },
    [],
  );
  return [pending ? pending.value : value, (next: Value) => setPending({ value: next }), flush] as const;
}
