// The code of a one-time link: read from the fragment once, then taken out of the address bar.
import { useEffect, useState } from "react";

export function useLinkCode(): string {
  const [code] = useState(() => location.hash.slice(1));
  useEffect(() => {
    history.replaceState(history.state, "", location.pathname);
    // A second link, opened in a tab that has the page already, changes the fragment only.
    const again = () => location.reload();
    window.addEventListener("hashchange", again);
    return () => window.removeEventListener("hashchange", again);
  }, []);
  return code;
}
