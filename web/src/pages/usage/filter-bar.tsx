// The span and the filters, all of them in the address.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useState } from "react";
import { useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { CustomSpan } from "@/pages/usage/custom-span";
import { isFiltered, type Search, SPAN_NAMES, spanOf, UNFILTERED } from "@/pages/usage/filters";
import { choicesQuery } from "@/pages/usage/queries";
import { text } from "@/text/en/usage";
import { Button } from "@/ui/button";
import { Segmented } from "@/ui/segmented";
import { Select } from "@/ui/select";

const ANY = "any";
const FIELD = "!w-auto min-w-32 max-w-44 flex-1";
const STATUSES = ["failed", "2xx", "4xx", "5xx"];

export function FilterBar({ search }: { search: Search }) {
  const me = useMe();
  const navigate = useNavigate({ from: "/usage" });
  const [asking, setAsking] = useState(false);
  const { data: choices } = useQuery(choicesQuery(search));
  const set = (change: Search) => void navigate({ search: (before) => ({ ...before, ...change }) });
  const span = spanOf(search);
  const status = search.failed === "true" ? "failed" : (search.status ?? ANY);
  return (
    <div className="mb-4 flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Segmented
          label={text.span}
          value={asking ? "custom" : span}
          onChange={(next) => {
            setAsking(next === "custom");
            if (next !== "custom") set({ span: next, since: undefined, until: undefined });
          }}
          options={[...SPAN_NAMES, "custom" as const].map((value) => ({ value, label: text.spans[value] ?? value }))}
        />
        <Filter
          name={text.model}
          all={text.allModels}
          value={search.model}
          onChange={(model) => set({ model })}
          options={(choices?.models ?? []).map((id) => ({ id, name: id }))}
        />
        <Filter
          name={text.apiModel}
          all={text.allApiModels}
          value={search.api_model_id}
          onChange={(id) => set({ api_model_id: id })}
          options={choices?.api_models}
        />
        <Filter
          name={text.token}
          all={text.allTokens}
          value={search.token_id}
          onChange={(id) => set({ token_id: id })}
          options={choices?.tokens}
        />
        {atLeast(me.role, "power_user") ? (
          <Filter
            name={text.user}
            all={text.allUsers}
            value={search.user_id}
            onChange={(id) => set({ user_id: id })}
            options={choices?.users}
          />
        ) : null}
        <Select
          aria-label={text.status}
          className={FIELD}
          value={status}
          onChange={(next) =>
            set({
              failed: next === "failed" ? "true" : undefined,
              status: next === ANY || next === "failed" ? undefined : next,
            })
          }
          options={[
            { value: ANY, label: text.anyStatus },
            ...STATUSES.map((value) => ({ value, label: text.statuses[value] ?? value })),
            ...(STATUSES.includes(status) || status === ANY ? [] : [{ value: status, label: status }]),
          ]}
        />
      </div>
      {asking || span === "custom" ? (
        <CustomSpan key={`${search.since} ${search.until}`} search={search} onDone={() => setAsking(false)} />
      ) : null}
      <div className="flex flex-wrap items-center gap-2">
        {search.endpoint ? (
          <Chip name={text.endpointChip(search.endpoint)} onRemove={() => set({ endpoint: undefined })} />
        ) : null}
        {search.error ? <Chip name={text.errorChip(search.error)} onRemove={() => set({ error: undefined })} /> : null}
        {search.failed === "false" ? (
          <Chip name={text.none.error ?? ""} onRemove={() => set({ failed: undefined })} />
        ) : null}
        {isFiltered(search) ? (
          <Button size="small" look="quiet" onClick={() => set(UNFILTERED)}>
            {text.clear}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

interface FilterProps {
  name: string;
  all: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  options: readonly { id: string; name: string | null }[] | undefined;
}

function Filter({ name, all, value, onChange, options = [] }: FilterProps) {
  const listed = options.map((each) => ({ value: `=${each.id}`, label: each.name ?? text.gone(each.id) }));
  const chosen = value && !options.some((each) => each.id === value) ? [{ value: `=${value}`, label: value }] : [];
  return (
    <Select
      aria-label={name}
      className={FIELD}
      value={value ? `=${value}` : ANY}
      onChange={(next) => onChange(next === ANY ? undefined : next.slice(1))}
      options={[{ value: ANY, label: all }, ...chosen, ...listed]}
    />
  );
}

function Chip({ name, onRemove }: { name: string; onRemove: () => void }) {
  return (
    <button
      type="button"
      aria-label={text.removeFilter(name)}
      onClick={onRemove}
      className="inline-flex h-7 items-center gap-1.5 rounded-control bg-accent-soft px-2.5 text-hint hover:brightness-95"
    >
      {name}
      <X aria-hidden size={13} />
    </button>
  );
}
