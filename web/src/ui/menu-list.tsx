// The open menu. The button that opens it, and gets the focus back, is menu.tsx's.
import { Menu as Base } from "@base-ui/react/menu";
import clsx from "clsx";
import type { RefObject } from "react";
import type { MenuItem } from "@/ui/menu";

export interface MenuListProps {
  id: string;
  label: string;
  items: readonly MenuItem[];
  open: boolean;
  onOpenChange: (open: boolean) => void;
  button: RefObject<HTMLButtonElement | null>;
}

export default function MenuList({ id, label, items, open, onOpenChange, button }: MenuListProps) {
  return (
    <Base.Root
      modal={false}
      open={open}
      onOpenChange={(next, details) => {
        // A press on the button closes the menu by itself: to close it here as well would open it again.
        if (!next && details.event.target instanceof Node && button.current?.contains(details.event.target)) return;
        onOpenChange(next);
      }}
    >
      <Base.Portal>
        <Base.Positioner anchor={button} positionMethod="fixed" sideOffset={4} align="end" className="z-50">
          <Base.Popup
            id={id}
            aria-label={label}
            finalFocus={button}
            className="min-w-44 rounded-control border border-line bg-surface p-1 shadow-float outline-none"
          >
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
