// Whether the window has room for a column.
import { useSyncExternalStore } from "react";

export function useWide(width: number): boolean {
  const query = matchMedia(`(min-width: ${width}px)`);
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => query.matches,
  );
}
