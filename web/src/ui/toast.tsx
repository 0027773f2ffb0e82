// Toasts, only for what needs no action: saved, copied, deleted. Never a secret, never an error to act on.
import { Toast as Base } from "@base-ui/react/toast";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "@/ui/button";

const toasts = Base.createToastManager();

/** Say something in passing. */
export function toast(title: string): void {
  toasts.add({ title, timeout: 4000 });
}

export function Toasts({ children }: { children: ReactNode }) {
  return (
    <Base.Provider toastManager={toasts} limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-4 z-60 flex w-[min(360px,calc(100vw-32px))] flex-col gap-2">
          <Shown />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Shown() {
  const { toasts: shown } = Base.useToastManager();
  return shown.map((each) => (
    <Base.Root
      key={each.id}
      toast={each}
      className="flex items-center justify-between gap-3 rounded-card border border-line bg-surface py-2 pr-2 pl-4 shadow-float"
    >
      <Base.Title className="font-medium" />
      <Base.Close
        render={
          <IconButton label="Dismiss" size="small">
            {null}
          </IconButton>
        }
      >
        <X aria-hidden size={14} />
      </Base.Close>
    </Base.Root>
  ));
}
