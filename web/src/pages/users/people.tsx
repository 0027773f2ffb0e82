// The list of people.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Me, useMe } from "@/api/queries";
import { atLeast, type Role, roleNames, roleRights } from "@/lib/roles";
import { type AskedOfPerson, PersonDialogs } from "@/pages/users/person-dialogs";
import { type Person, peopleQuery } from "@/pages/users/queries";
import { Paged } from "@/shell/paged";
import { text } from "@/text/en/users";
import { Badge } from "@/ui/badge";
import { Menu, type MenuItem } from "@/ui/menu";
import { Empty } from "@/ui/page";
import { SearchInput } from "@/ui/search-input";
import { Table, Td, Th, Tr } from "@/ui/table";
import { Time } from "@/ui/time";

export function People() {
  const me = useMe();
  const { q } = useSearch({ from: "/frame/users" });
  const navigate = useNavigate({ from: "/users" });
  const found = useInfiniteQuery(peopleQuery(q));
  const [asked, setAsked] = useState<AskedOfPerson | null>(null);
  return (
    <>
      <SearchInput
        label={text.search}
        className="mb-4 w-full sm:w-64"
        value={q ?? ""}
        onChange={({ target }) =>
          void navigate({ search: (before) => ({ ...before, q: target.value || undefined }), replace: true })
        }
      />
      <Paged found={found} what={text.whatPeople} empty={<Empty>{text.nobody}</Empty>}>
        {(people) => (
          <Table label={text.peopleLabel} className="min-w-[640px]">
            <thead>
              <tr>
                <Th>{text.name}</Th>
                <Th>{text.role}</Th>
                <Th>{text.signsIn}</Th>
                <Th>{text.lastSignIn}</Th>
                <Th>
                  <span className="sr-only">{text.actions}</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {people.map((person) => (
                <PersonRow key={person.id} person={person} me={me} onAsk={setAsked} />
              ))}
            </tbody>
          </Table>
        )}
      </Paged>
      {asked ? <PersonDialogs asked={asked} onAsk={setAsked} /> : null}
    </>
  );
}

function PersonRow({ person, me, onAsk }: { person: Person; me: Me; onAsk: (asked: AskedOfPerson) => void }) {
  const navigate = useNavigate();
  const role = person.role as Role;
  return (
    <Tr>
      <Td>
        <span className="flex flex-wrap items-center gap-2">
          <span className="break-words font-medium">{person.name}</span>
          {person.id === me.user_id ? <Badge>{text.you}</Badge> : null}
          {person.disabled ? <Badge kind="warn">{text.disabled}</Badge> : null}
          {person.reads_captures ? <Badge>{text.readsCaptures}</Badge> : null}
        </span>
      </Td>
      <Td title={roleRights[role]}>{roleNames[role] ?? role}</Td>
      <Td className="break-all">{person.issuer ?? text.password}</Td>
      <Td>
        <Time at={person.signed_in_at} />
      </Td>
      <Td className="w-12 text-right">
        <Menu
          label={text.actionsOf(person.name)}
          items={actions(person, me, onAsk, () =>
            navigate({ to: "/usage/", search: { user_id: person.id, span: "30d" } }),
          )}
        />
      </Td>
    </Tr>
  );
}

function actions(person: Person, me: Me, onAsk: (asked: AskedOfPerson) => void, seeUsage: () => void): MenuItem[] {
  const usage: MenuItem = { label: text.seeUsage, onSelect: seeUsage };
  // Managers act on people up to Manager; the gateway holds to that whatever is shown here.
  if (person.role === "admin" && !atLeast(me.role, "admin")) return [usage];
  return [
    { label: text.change, onSelect: () => onAsk({ kind: "change", person }) },
    usage,
    { label: text.reset, onSelect: () => onAsk({ kind: "reset", person }), disabled: person.issuer !== null },
    person.disabled
      ? { label: text.enable, onSelect: () => onAsk({ kind: "enable", person }) }
      : { label: text.disable, onSelect: () => onAsk({ kind: "disable", person }) },
    { label: text.remove, onSelect: () => onAsk({ kind: "remove", person }), danger: true },
  ];
}
