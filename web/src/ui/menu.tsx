// What can be done with one row, behind three dots.
import { Menu as Base } from "@base-ui/react/menu";
import clsx from "clsx";
import { Ellipsis } from "lucide-react";
import type { ReactNode } from "react";
import { buttonClass } from "@/ui/button";

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
}

export function Menu({ label, items, trigger }: MenuProps) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger
        aria-label={label}
        title={label}
        className={buttonClass("quiet", "normal", trigger ? "" : "!w-9 !px-0")}
      >
        {trigger ?? <Ellipsis aria-hidden size={16} />}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-50">
          <Base.Popup className="min-w-44 rounded-control border border-line bg-surface p-1 shadow-float outline-none">
            {items.map((item) => (
              <Base.Item
                key={item.label}
                disabled={item.disabled}
                onClick={item.onSelect}
                className={clsx(
                  "flex min-h-8 cursor-pointer items-center gap-2.5 rounded-[6px] px-2.5 outline-none data-disabled:cursor-not-allowed data-highlighted:bg-sunken data-disabled:text-ink-2",
                  item.danger && "text-danger",
                )}
              >
                {item.icon}
                {item.label}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
