// A menu to choose one of a few: the browser's own, which every keyboard, phone and screen reader knows, and which costs
// nothing to load. For many, or for searching, take a picker.
import clsx from "clsx";
import { ChevronsUpDown } from "lucide-react";
import { controlClass } from "@/ui/input";

export interface Option<Value extends string> {
  value: Value;
  label: string;
  disabled?: boolean;
}

export interface SelectProps<Value extends string> {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly Option<Value>[];
  id?: string;
  "aria-label"?: string;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: true | undefined;
  disabled?: boolean;
  className?: string;
}

export function Select<Value extends string>({ value, onChange, options, className, ...rest }: SelectProps<Value>) {
  return (
    <span className={clsx("relative inline-block w-full min-w-0", className)}>
      <select
        {...rest}
        value={value}
        onChange={(event) => onChange(event.target.value as Value)}
        className={clsx(controlClass, "h-9 cursor-pointer appearance-none truncate py-0 pr-9 pl-3")}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronsUpDown aria-hidden size={14} className="pointer-events-none absolute top-[11px] right-3 text-ink-2" />
    </span>
  );
}
