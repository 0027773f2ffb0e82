// API tokens: the list, and what can be done with each. Dialogs are beside this file.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { type Me, useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { type Asked, TokenDialogs } from "@/pages/tokens/dialogs";
import { costsQuery, type TokenState, tokensQuery } from "@/pages/tokens/queries";
import { TokenRow } from "@/pages/tokens/row";
import { Paged } from "@/shell/paged";
import { text } from "@/text/en/tokens";
import { Button } from "@/ui/button";
import { Empty, Page } from "@/ui/page";
import { SearchInput } from "@/ui/search-input";
import { Segmented } from "@/ui/segmented";
import { Select } from "@/ui/select";
import { Table, Th } from "@/ui/table";

const STATES = ["active", "disabled", "expired", "revoked"] as const;

export default function TokensPage() {
  const me = useMe();
  const [asked, setAsked] = useState<Asked | null>(null);
  const create = (
    <Button look="primary" icon={<Plus aria-hidden size={16} />} onClick={() => setAsked({ kind: "new" })}>
      {text.create}
    </Button>
  );
  return (
    <Page title={text.title} lead={text.lead} actions={create}>
      <Filters me={me} />
      <Tokens me={me} onAsk={setAsked} create={() => setAsked({ kind: "new" })} />
      {asked ? <TokenDialogs asked={asked} onAsk={setAsked} /> : null}
    </Page>
  );
}

function Filters({ me }: { me: Me }) {
  const search = useSearch({ from: "/frame/tokens" });
  const navigate = useNavigate({ from: "/tokens" });
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <SearchInput
        label={text.search}
        className="w-full sm:w-64"
        value={search.q ?? ""}
        onChange={(event) => set({ q: event.target.value || undefined })}
      />
      <Select
        aria-label={text.state}
        className="!w-40"
        value={search.state ?? "any"}
        onChange={(state) => set({ state: state === "any" ? undefined : state })}
        options={[
          { value: "any", label: text.anyState },
          ...STATES.map((state) => ({ value: state as string, label: text.states[state] ?? state })),
        ]}
      />
      {atLeast(me.role, "manager") ? (
        <Segmented
          label={text.whose}
          value={search.owner === "all" ? "all" : "mine"}
          onChange={(owner) => set({ owner: owner === "all" ? "all" : undefined })}
          options={[
            { value: "mine", label: text.mine },
            { value: "all", label: text.everybody },
          ]}
        />
      ) : null}
    </div>
  );
}

function Tokens({ me, onAsk, create }: { me: Me; onAsk: (asked: Asked) => void; create: () => void }) {
  const search = useSearch({ from: "/frame/tokens" });
  const everybody = search.owner === "all";
  const filtered = Boolean(search.q || search.state || everybody);
  const found = useInfiniteQuery(
    tokensQuery({ query: search.q, everybody, state: search.state as TokenState | undefined }),
  );
  const { data: costs } = useQuery(costsQuery);
  const empty = filtered ? (
    <Empty>{text.nothing}</Empty>
  ) : (
    <Empty
      action={
        <Button look="primary" onClick={create}>
          {text.create}
        </Button>
      }
    >
      {text.empty}
    </Empty>
  );
  return (
    <Paged found={found} what={text.what} empty={empty}>
      {(tokens) => (
        <Table label={text.tableLabel} className="min-w-[760px]">
          <thead>
            <tr>
              <Th>{text.name}</Th>
              {everybody ? <Th>{text.owner}</Th> : null}
              <Th>{text.mayUse}</Th>
              <Th>{text.expires}</Th>
              <Th>{text.lastUsed}</Th>
              <Th number>{text.cost}</Th>
              <Th>
                <span className="sr-only">{text.actions}</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {tokens.map((token) => (
              <TokenRow
                key={token.id}
                token={token}
                me={me}
                spent={costs?.get(token.id)}
                everybody={everybody}
                onAsk={onAsk}
              />
            ))}
          </tbody>
        </Table>
      )}
    </Paged>
  );
}
