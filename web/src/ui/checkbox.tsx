// A box to tick, with its label.
import { Checkbox as Base } from "@base-ui/react/checkbox";
import clsx from "clsx";
import { Check } from "lucide-react";
import { type ReactNode, useId } from "react";

export interface CheckboxProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: ReactNode;
  disabled?: boolean;
  mono?: boolean;
}

export function Checkbox({ checked, onChange, label, disabled, mono }: CheckboxProps) {
  const id = useId();
  return (
    <label
      htmlFor={id}
      className="flex min-h-7 min-w-0 cursor-pointer items-center gap-2.5 has-data-disabled:text-ink-2"
    >
      <Base.Root
        id={id}
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        className="grid size-4.5 shrink-0 place-items-center rounded-[5px] border border-line-strong bg-surface data-checked:border-accent data-checked:bg-accent data-disabled:opacity-55"
      >
        <Base.Indicator>
          <Check aria-hidden size={13} strokeWidth={3} className="text-on-accent" />
        </Base.Indicator>
      </Base.Root>
      <span className={clsx("min-w-0 break-words", mono && "font-mono text-hint")}>{label}</span>
    </label>
  );
}
