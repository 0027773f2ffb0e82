// The keyboard everywhere: the palette (Ctrl or ⌘ K), the list of shortcuts (?), the page's search (/). Keys of one page
// are that page's own. Keys without a modifier can be switched off (WCAG 2.1.4).
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { hasModifier, isTyping } from "@/lib/keys";
import { usePreferences } from "@/lib/preferences";

const Palette = lazy(() => import("@/shell/palette"));
const ShortcutList = lazy(() => import("@/shell/shortcut-list"));

export function Shortcuts() {
  const [open, setOpen] = useState<"palette" | "list" | null>(null);
  const single = usePreferences()?.single_key_shortcuts !== false;
  const navigate = useNavigate();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      if (hasModifier(event)) {
        const key = event.key.toLowerCase();
        if (key === "k" && !event.shiftKey && !event.altKey) setOpen("palette");
        else if (key === "o" && event.shiftKey) void navigate({ to: "/chat/" });
        else return;
        event.preventDefault();
        return;
      }
      if (
        !single ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector("[role=dialog],[role=alertdialog]")
      )
        return;
      if (event.key === "?") setOpen("list");
      else if (event.key === "/" && focusSearch()) event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [navigate, single]);
  return (
    <Suspense>
      {open === "palette" ? <Palette onClose={() => setOpen(null)} onList={() => setOpen("list")} /> : null}
      {open === "list" ? <ShortcutList onClose={() => setOpen(null)} /> : null}
    </Suspense>
  );
}

/** Put the cursor where one types on this page: the message, else the search. */
function focusSearch(): boolean {
  const field = document.querySelector<HTMLElement>("#content textarea[data-composer], #content input[type=search]");
  field?.focus();
  return field !== null;
}
