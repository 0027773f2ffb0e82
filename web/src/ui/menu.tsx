// What can be done with one row, behind three dots. The menu itself is loaded when somebody reaches for it.
import { Ellipsis } from "lucide-react";
import { lazy, type ReactNode, Suspense, useId, useRef, useState } from "react";
import { type ButtonLook, buttonClass } from "@/ui/button";

const load = () => import("@/ui/menu-list");
const MenuList = lazy(load);

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

export interface MenuProps {
  /** Whose menu it is, such as "Actions for OpenAI". */
  label: string;
  items: readonly MenuItem[];
  trigger?: ReactNode;
  look?: ButtonLook;
}

export function Menu({ label, items, trigger, look = "quiet" }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const [open, setOpen] = useState(false);
  const [used, setUsed] = useState(false);
  const preload = () => void load().catch(() => undefined);
  return (
    <>
      <button
        ref={button}
        type="button"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        className={buttonClass(look, "normal", trigger ? "" : "!w-9 !px-0")}
        onPointerEnter={preload}
        onFocus={preload}
        onClick={() => {
          setUsed(true);
          setOpen(!open);
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          setUsed(true);
          setOpen(true);
        }}
      >
        {trigger ?? <Ellipsis aria-hidden size={16} />}
      </button>
      {used ? (
        <Suspense>
          <MenuList id={id} label={label} items={items} open={open} onOpenChange={setOpen} button={button} />
        </Suspense>
      ) : null}
    </>
  );
}
