// Toasts, only for what needs no action: saved, copied, deleted. Never a secret, never an error to act on.
import { X } from "lucide-react";
import { type ReactNode, useSyncExternalStore } from "react";
import { IconButton } from "@/ui/button";

const SHOWN_MS = 5_000;
const MOST = 3;

interface Shown {
  id: number;
  title: string;
}

let shown: readonly Shown[] = [];
let last = 0;
const listeners = new Set<() => void>();

/** Say something in passing. */
export function toast(title: string): void {
  last += 1;
  const id = last;
  change([...shown, { id, title }].slice(-MOST));
  setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id: number): void {
  change(shown.filter((each) => each.id !== id));
}

function change(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts({ children }: { children: ReactNode }) {
  const now = useSyncExternalStore(subscribe, () => shown);
  return (
    <>
      {children}
      <div
        role="status"
        className="pointer-events-none fixed right-4 bottom-[calc(16px+var(--bar,0px))] z-60 flex w-[min(360px,calc(100vw-32px))] flex-col gap-2"
      >
        {now.map((each) => (
          <div
            key={each.id}
            className="pointer-events-auto flex items-center justify-between gap-3 rounded-card border border-line bg-surface py-2 pr-2 pl-4 shadow-float"
          >
            <span className="break-words font-medium">{each.title}</span>
            <IconButton label="Dismiss" size="small" onClick={() => dismiss(each.id)}>
              <X aria-hidden size={14} />
            </IconButton>
          </div>
        ))}
      </div>
    </>
  );
}
