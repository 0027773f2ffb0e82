// A panel that comes in from the side where there is no room for a column. Focus stays inside and returns where it was.
import { Dialog as Base } from "@base-ui/react/dialog";
import clsx from "clsx";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "@/ui/button";

export interface SheetProps {
  open: boolean;
  onClose: () => void;
  title: string;
  side: "left" | "right";
  children: ReactNode;
}

export function Sheet({ open, onClose, title, side, children }: SheetProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-scrim" />
        <Base.Popup
          className={clsx(
            "fixed inset-y-0 z-50 flex w-[min(320px,calc(100vw-48px))] flex-col bg-bg shadow-float outline-none",
            side === "left" ? "left-0 border-line border-r" : "right-0 border-line border-l",
          )}
        >
          <div className="flex h-13 shrink-0 items-center justify-between border-line border-b pr-2 pl-4">
            <Base.Title className="font-semibold">{title}</Base.Title>
            <IconButton label="Close" onClick={onClose}>
              <X aria-hidden size={16} />
            </IconButton>
          </div>
          <div className="flex min-h-0 flex-1 flex-col">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
