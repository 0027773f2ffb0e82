// The frame of pages for people who are signed in: navigation at the left, or behind a button where it is narrow.
import { useQuery } from "@tanstack/react-query";
import { Outlet, useLocation } from "@tanstack/react-router";
import { Menu as MenuIcon, X } from "lucide-react";
import { useEffect, useState } from "react";
import { meQuery, setupQuery } from "@/api/queries";
import { Guest } from "@/shell/guest";
import { Nav } from "@/shell/nav";
import { PageFailed } from "@/shell/page-failed";
import { Redirect } from "@/shell/redirect";
import { Shortcuts } from "@/shell/shortcuts";
import { text } from "@/text/en/shell";
import { IconButton } from "@/ui/button";
import { Mark } from "@/ui/mark";

export function Frame() {
  const me = useQuery(meQuery);
  const setup = useQuery({ ...setupQuery, enabled: me.data === null });
  const location = useLocation();
  if (me.error || setup.error)
    return <PageFailed error={me.error ?? setup.error ?? undefined} reset={() => me.refetch()} />;
  if (me.data === undefined) return null;
  if (me.data === null) {
    if (setup.data === undefined) return null;
    if (setup.data.needed) return <Redirect to="/setup/" />;
    // The frame stays until the other page is loaded: asking again from there would nest the address in itself.
    if (location.pathname.startsWith("/sign-in")) return null;
    const here = location.pathname + location.searchStr;
    return <Redirect to={here === "/" ? "/sign-in/" : `/sign-in/?next=${encodeURIComponent(here)}`} />;
  }
  if (me.data.role === "guest") return <Guest />;
  return <Framed />;
}

function Framed() {
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the navigation closes when a page was chosen.
  useEffect(() => setOpen(false), [pathname]);
  return (
    <div className="md:grid md:min-h-dvh md:grid-cols-[208px_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-60 focus:rounded-control focus:bg-surface focus:px-3 focus:py-2 focus:shadow-float"
      >
        {text.skip}
      </a>
      <header className="sticky top-0 z-20 flex h-13 items-center justify-between border-line border-b bg-bg px-4 md:hidden">
        <Brand />
        <IconButton
          label={open ? text.closeNavigation : text.openNavigation}
          aria-expanded={open}
          aria-controls="navigation"
          onClick={() => setOpen(!open)}
        >
          {open ? <X aria-hidden size={18} /> : <MenuIcon aria-hidden size={18} />}
        </IconButton>
      </header>
      <div
        id="navigation"
        className={
          open
            ? "fixed inset-x-0 top-13 bottom-0 z-20 overflow-y-auto border-line border-r bg-bg md:sticky md:top-0 md:h-dvh"
            : "hidden border-line border-r bg-bg md:sticky md:top-0 md:block md:h-dvh"
        }
      >
        <Nav brand={<Brand />} />
      </div>
      <main id="content" tabIndex={-1} className="min-w-0 outline-none">
        <Outlet />
      </main>
      <Shortcuts />
    </div>
  );
}

function Brand() {
  return (
    <span className="flex items-center gap-2.5 font-semibold">
      <Mark />
      Bodhi
    </span>
  );
}
