// Whether the window is narrower than something needs, for what cannot be said by styles alone.
import { useSyncExternalStore } from "react";

export function useNarrow(below: number): boolean {
  const query = `(max-width: ${below - 0.02}px)`;
  return useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    () => matchMedia(query).matches,
  );
}
