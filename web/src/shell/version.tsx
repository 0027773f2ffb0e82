// Notices when the gateway serves newer pages than these, and offers them instead of breaking on a file that is gone.
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { text } from "@/text/en/shell";
import { Button } from "@/ui/button";

const EVERY_MS = 5 * 60_000;
/** The stamp that these pages were built with. */
const OWN: string = import.meta.env.VITE_STAMP ?? "";
let missing = false;
const listeners = new Set<() => void>();

/** A chunk that cannot be loaded any more means that there is a newer version. */
export function reloadOnMissingChunk(): void {
  window.addEventListener("vite:preloadError", (event) => {
    event.preventDefault();
    missing = true;
    for (const listener of listeners) listener();
  });
}

export function NewVersion() {
  const chunkMissing = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => missing,
  );
  const { data: served } = useQuery({
    queryKey: ["version"],
    queryFn: readStamp,
    refetchInterval: EVERY_MS,
    refetchOnWindowFocus: true,
    staleTime: EVERY_MS / 5,
    // While the pages are written they have no stamp.
    enabled: Boolean(OWN),
  });
  if (!chunkMissing && (!served || served === OWN)) return null;
  return (
    <div
      role="status"
      className="fixed bottom-4 left-1/2 z-50 flex -translate-x-1/2 items-center gap-3 whitespace-nowrap rounded-card border border-line bg-surface py-2 pr-2 pl-4 shadow-float"
    >
      {text.newVersion}
      <Button look="primary" size="small" onClick={() => location.reload()}>
        {text.reload}
      </Button>
    </div>
  );
}

async function readStamp(): Promise<string> {
  const response = await fetch("/ui/version.json", { cache: "no-store" });
  if (!response.ok) return "";
  const body: { stamp?: string } = await response.json();
  return body.stamp ?? "";
}
