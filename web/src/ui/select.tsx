// A menu to choose one of a few. For many, or for searching, take `picker`.
import { Select as Base } from "@base-ui/react/select";
import clsx from "clsx";
import { Check, ChevronsUpDown } from "lucide-react";
import type { ReactNode } from "react";
import { controlClass } from "@/ui/input";

export interface Option<Value extends string> {
  value: Value;
  label: string;
  hint?: ReactNode;
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

export function Select<Value extends string>({
  value,
  onChange,
  options,
  className,
  disabled,
  ...ids
}: SelectProps<Value>) {
  return (
    <Base.Root
      value={value}
      onValueChange={(next) => next !== null && onChange(next as Value)}
      items={options.map(({ value: key, label }) => ({ value: key, label }))}
      disabled={disabled}
      modal={false}
    >
      <Base.Trigger
        {...ids}
        className={clsx(
          controlClass,
          "flex h-9 cursor-pointer items-center justify-between gap-2 px-3 text-left",
          className,
        )}
      >
        <span className="truncate">
          <Base.Value />
        </span>
        <ChevronsUpDown aria-hidden size={14} className="shrink-0 text-ink-2" />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50">
          <Base.Popup className="max-h-[min(24rem,var(--available-height))] min-w-(--anchor-width) max-w-[min(28rem,92vw)] overflow-y-auto rounded-control border border-line bg-surface p-1 shadow-float">
            {options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                disabled={option.disabled}
                className="flex cursor-pointer items-start gap-2 rounded-[6px] px-2 py-1.5 outline-none data-disabled:cursor-not-allowed data-highlighted:bg-sunken data-disabled:text-ink-2"
              >
                <span className="mt-0.5 w-4 shrink-0">
                  <Base.ItemIndicator>
                    <Check aria-hidden size={16} className="text-accent" />
                  </Base.ItemIndicator>
                </span>
                <span className="min-w-0">
                  <Base.ItemText className="block break-words">{option.label}</Base.ItemText>
                  {option.hint ? <span className="block text-hint text-ink-2">{option.hint}</span> : null}
                </span>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
