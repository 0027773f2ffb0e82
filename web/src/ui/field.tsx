// A labelled control with its hint and its error, tied together for screen readers. The control itself is given.
import { type ReactNode, useId } from "react";

export interface FieldIds {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

export interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  /** Shown at the right end of the label's line. */
  aside?: ReactNode;
  children: (ids: FieldIds) => ReactNode;
}

export function Field({ label, hint, error, aside, children }: FieldProps) {
  const id = useId();
  const described = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <div className="flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {aside ? <span className="text-hint text-ink-2">{aside}</span> : null}
      </div>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      {error ? (
        <p id={`${id}-error`} role="alert" className="text-danger text-hint">
          {error}
        </p>
      ) : null}
      {hint ? (
        <p id={`${id}-hint`} className="break-words text-hint text-ink-2">
          {hint}
        </p>
      ) : null}
    </div>
  );
}
