// On and off, with its label beside it. What is decided by it is told in the hint.
import { Switch as Base } from "@base-ui/react/switch";
import { type ReactNode, useId } from "react";

export interface SwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: ReactNode;
  hint?: ReactNode;
  disabled?: boolean;
}

export function Switch({ checked, onChange, label, hint, disabled }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <Base.Root
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        aria-labelledby={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="group relative mt-px h-5 w-9 shrink-0 cursor-pointer rounded-full border border-line-strong bg-sunken transition-colors duration-120 data-checked:border-accent data-checked:bg-accent data-disabled:cursor-not-allowed data-disabled:opacity-55"
      >
        <Base.Thumb className="block size-3.5 translate-x-0.5 rounded-full bg-line-strong transition-transform duration-120 data-checked:translate-x-[18px] data-checked:bg-on-accent" />
      </Base.Root>
      <span className="min-w-0">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the switch itself has the keyboard; this is a larger place to click. */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: as above */}
        <span id={id} className="block cursor-pointer font-medium" onClick={() => !disabled && onChange(!checked)}>
          {label}
        </span>
        {hint ? (
          <span id={`${id}-hint`} className="block text-hint text-ink-2">
            {hint}
          </span>
        ) : null}
      </span>
    </div>
  );
}
