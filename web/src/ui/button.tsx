// Buttons: one primary a view, plain ones beside it, danger where something is lost. A busy button keeps its width.
import clsx from "clsx";
import { LoaderCircle } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

export type ButtonLook = "primary" | "plain" | "quiet" | "danger";

const looks: Record<ButtonLook, string> = {
  primary: "bg-accent text-on-accent hover:brightness-110 disabled:brightness-100",
  plain: "border border-line bg-surface text-ink hover:border-line-strong hover:bg-sunken",
  quiet: "text-ink-2 hover:bg-sunken hover:text-ink",
  danger: "bg-danger text-on-danger hover:brightness-110",
};

export function buttonClass(look: ButtonLook = "plain", size: "normal" | "small" = "normal", more?: string): string {
  return clsx(
    "relative inline-flex shrink-0 select-none items-center justify-center gap-2 whitespace-nowrap rounded-control font-medium transition-[background-color,border-color,filter] duration-120",
    "disabled:opacity-55 aria-disabled:opacity-55",
    size === "normal" ? "h-9 px-3.5" : "h-7 px-2.5 text-hint",
    looks[look],
    more,
  );
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  size?: "normal" | "small";
  icon?: ReactNode;
  /** Work is under way: the button says so to everybody and takes no second click. */
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look, size, icon, busy = false, children, className, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={buttonClass(look, size, className)}
      aria-busy={busy || undefined}
      aria-disabled={busy || rest["aria-disabled"] || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <LoaderCircle aria-hidden size={16} className="animate-spin" /> : icon}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  /** What the button does, for screen readers and as its tooltip. */
  label: string;
  children: ReactNode;
}

export function IconButton({ label, children, look = "quiet", size = "normal", className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={buttonClass(look, size, clsx(size === "normal" ? "!w-9 !px-0" : "!w-7 !px-0", className))}
    >
      {children}
    </button>
  );
}
