// Single-line and many-line text, and a masked field for what is not to be read over a shoulder.
import clsx from "clsx";
import { Eye, EyeOff } from "lucide-react";
import {
  type InputHTMLAttributes,
  type Ref,
  type TextareaHTMLAttributes,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

export const controlClass =
  "w-full min-w-0 rounded-control border border-line-strong bg-surface text-ink transition-colors duration-120 hover:border-ink-2 aria-invalid:border-danger disabled:bg-sunken disabled:text-ink-2";

export interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  mono?: boolean;
  ref?: Ref<HTMLInputElement>;
}

export function Input({ mono = false, className, ...rest }: InputProps) {
  return (
    <input
      type="text"
      autoComplete="off"
      spellCheck={false}
      {...rest}
      className={clsx(controlClass, "h-9 px-3", mono && "font-mono text-hint", className)}
    />
  );
}

export interface TextAreaProps extends TextareaHTMLAttributes<HTMLTextAreaElement> {
  mono?: boolean;
  ref?: Ref<HTMLTextAreaElement>;
}

export function TextArea({ mono = false, className, ...rest }: TextAreaProps) {
  return (
    <textarea
      rows={4}
      spellCheck={!mono}
      {...rest}
      className={clsx(controlClass, "resize-y px-3 py-2", mono && "font-mono text-hint", className)}
    />
  );
}

export interface SecretInputProps extends InputProps {
  /** What the eye shows or hides, such as "key" or "password". */
  what: string;
}

export function SecretInput({ what, className, value, ref, ...rest }: SecretInputProps) {
  const [shown, setShown] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useImperativeHandle(ref, () => field.current as HTMLInputElement, []);
  // Set by hand: React would write the value into the document's markup as well, where extensions and copies find it.
  useLayoutEffect(() => {
    if (field.current && value !== undefined && field.current.value !== value) field.current.value = String(value);
  });
  const Icon = shown ? EyeOff : Eye;
  return (
    <span className="relative block">
      <Input {...rest} ref={field} type={shown ? "text" : "password"} className={clsx("pr-11", className)} />
      <button
        type="button"
        aria-label={shown ? `Hide ${what}` : `Show ${what}`}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
        className="absolute inset-y-0 right-0 grid w-10 place-items-center rounded-control text-ink-2 hover:text-ink"
      >
        <Icon aria-hidden size={16} />
      </button>
    </span>
  );
}
