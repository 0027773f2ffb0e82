// One token in the list.
import { Link, useNavigate } from "@tanstack/react-router";
import type { Me } from "@/api/queries";
import { dayOf, money, relativeTime } from "@/lib/format";
import { atLeast } from "@/lib/roles";
import type { Asked } from "@/pages/tokens/dialogs";
import type { Token } from "@/pages/tokens/queries";
import { text } from "@/text/en/tokens";
import { Badge } from "@/ui/badge";
import { Menu, type MenuItem } from "@/ui/menu";
import { Td, Tr } from "@/ui/table";
import { Time } from "@/ui/time";

const SOON_MS = 14 * 86_400_000;

export interface TokenRowProps {
  token: Token;
  me: Me;
  spent: { cost: number | null; count: number } | undefined;
  everybody: boolean;
  onAsk: (asked: Asked) => void;
}

export function TokenRow({ token, me, spent, everybody, onAsk }: TokenRowProps) {
  const navigate = useNavigate();
  return (
    <Tr>
      <Td>
        <span className="block break-words font-medium">{token.name}</span>
        <span className="flex flex-wrap items-center gap-1.5 text-hint text-ink-2">
          {token.state === "active" ? null : <Badge kind="warn">{text.states[token.state] ?? token.state}</Badge>}
          {token.scope === "power_user" ? <Badge>{text.managesModels}</Badge> : null}
        </span>
      </Td>
      {everybody ? <Td>{token.owner_name}</Td> : null}
      <Td>
        <MayUse globs={token.allowed_models} />
      </Td>
      <Td>
        <Expires at={token.expires_at} />
      </Td>
      <Td>
        <Time at={token.last_used_at} />
      </Td>
      <Td number>
        {spent ? (
          <Link to="/usage/" search={{ token_id: token.id, span: "30d" }} className="underline underline-offset-2">
            {money(spent.cost ?? 0)}
          </Link>
        ) : (
          money(0)
        )}
      </Td>
      <Td className="w-12 text-right">
        <Menu
          label={text.actionsOf(token.name)}
          items={actions(token, me, onAsk, () =>
            navigate({ to: "/usage/", search: { token_id: token.id, span: "30d" } }),
          )}
        />
      </Td>
    </Tr>
  );
}

function MayUse({ globs }: { globs: readonly string[] }) {
  if (globs.length === 0) return text.allModels;
  return (
    <span title={globs.join("\n")} className="font-mono text-hint">
      {globs.slice(0, 2).join(", ")}
      {globs.length > 2 ? ` ${text.and(globs.length - 2)}` : ""}
    </span>
  );
}

function Expires({ at }: { at: string | null }) {
  if (at === null) return text.never;
  const left = Date.parse(at) - Date.now();
  if (left > SOON_MS) return <time dateTime={at}>{dayOf(at)}</time>;
  return (
    <Badge kind="warn">
      <time dateTime={at} title={dayOf(at)}>
        {relativeTime(at)}
      </time>
    </Badge>
  );
}

function actions(token: Token, me: Me, onAsk: (asked: Asked) => void, seeUsage: () => void): MenuItem[] {
  const mine = token.owner_id === me.user_id;
  const admin = atLeast(me.role, "admin");
  const items: MenuItem[] = [];
  const ended = token.state === "revoked" || token.state === "expired";
  if (mine || admin) items.push({ label: text.edit, onSelect: () => onAsk({ kind: "edit", token }) });
  if (mine && !ended) items.push({ label: text.rotate, onSelect: () => onAsk({ kind: "rotate", token }) });
  if (token.state === "active") items.push({ label: text.disable, onSelect: () => onAsk({ kind: "disable", token }) });
  if (token.state === "disabled") items.push({ label: text.enable, onSelect: () => onAsk({ kind: "enable", token }) });
  items.push({ label: text.seeUsage, onSelect: seeUsage });
  if (token.state !== "revoked")
    items.push({ label: text.revoke, onSelect: () => onAsk({ kind: "revoke", token }), danger: true });
  return token.state === "revoked" ? items.filter((item) => item.label === text.seeUsage) : items;
}
