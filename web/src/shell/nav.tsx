// Where one can go, by role; who one is; light or dark.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import {
  ChartNoAxesColumn,
  KeyRound,
  MessageSquare,
  Moon,
  ScrollText,
  Server,
  Settings,
  Sun,
  Users,
} from "lucide-react";
import type { ReactNode } from "react";
import { meQuery } from "@/api/queries";
import { atLeast, type Role } from "@/lib/roles";
import { chooseTheme, useTheme } from "@/lib/theme";
import { text } from "@/text/en/shell";
import { IconButton } from "@/ui/button";

export const PLACES = [
  { to: "/chat/", label: text.chat, icon: MessageSquare, role: "user" },
  { to: "/models/", label: text.models, icon: Server, role: "user" },
  { to: "/tokens/", label: text.tokens, icon: KeyRound, role: "user" },
  { to: "/usage/", label: text.usage, icon: ChartNoAxesColumn, role: "user" },
  { to: "/audit/", label: text.audit, icon: ScrollText, role: "admin" },
  { to: "/users/", label: text.users, icon: Users, role: "manager" },
  { to: "/settings/", label: text.settings, icon: Settings, role: "admin" },
] as const satisfies readonly { to: string; label: string; icon: unknown; role: Role }[];

const entry =
  "flex h-10 items-center gap-3 rounded-control border border-transparent px-3 text-ink-2 hover:bg-sunken hover:text-ink";
const current = { className: "!border-line !bg-surface font-medium !text-ink" };

export function Nav({ brand }: { brand: ReactNode }) {
  const { data: me } = useQuery(meQuery);
  const theme = useTheme();
  if (!me) return null;
  return (
    <nav aria-label={text.navigation} className="flex h-full flex-col p-2">
      <div className="hidden h-12 items-center px-2.5 md:flex">{brand}</div>
      <div className="flex flex-col gap-0.5 pt-1">
        {PLACES.filter((place) => atLeast(me.role, place.role)).map(({ to, label, icon: Icon }) => (
          <Link key={to} to={to} className={entry} activeProps={current} activeOptions={{ includeSearch: false }}>
            <Icon aria-hidden size={18} />
            {label}
          </Link>
        ))}
      </div>
      <div className="mt-auto flex items-center gap-1">
        <Link
          to="/account/"
          className={clsx(entry, "min-w-0 flex-1")}
          activeProps={current}
          aria-label={text.accountOf(me.username)}
        >
          <span className="truncate">{me.username}</span>
        </Link>
        <IconButton
          label={theme === "dark" ? text.light : text.dark}
          onClick={() => chooseTheme(theme === "dark" ? "light" : "dark")}
        >
          {theme === "dark" ? <Sun aria-hidden size={17} /> : <Moon aria-hidden size={17} />}
        </IconButton>
      </div>
    </nav>
  );
}
