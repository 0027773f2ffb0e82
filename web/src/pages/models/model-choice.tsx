// Choosing the models: fetched and ticked, or typed, never more than the gateway takes, and nothing chosen by itself.
import { RefreshCw, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useDeferredValue, useId, useMemo, useState } from "react";
import { text } from "@/text/en/form";
import { Button } from "@/ui/button";
import { SearchInput } from "@/ui/search-input";
import { isModelId, MAX_MODELS } from "./check";
import { OfferedList } from "./offered-list";
import { Section } from "./parts";
import type { Form } from "./use-form";

export interface Offered {
  ids: readonly string[];
  truncated: boolean;
}

export interface ModelChoiceProps {
  form: Form;
  offered: Offered | null;
  fetching: boolean;
  onFetch: () => void;
  /** What went wrong with fetching. */
  failure: ReactNode;
}

export function ModelChoice({ form, offered, fetching, onFetch, failure }: ModelChoiceProps) {
  const { models } = form.values;
  const problem = form.shown("models");
  return (
    <Section title={text.models}>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <Button icon={<RefreshCw aria-hidden size={15} />} busy={fetching} onClick={onFetch}>
          {text.fetch}
        </Button>
        <p role="status" className="text-hint text-ink-2">
          {text.chosen(models.length, MAX_MODELS)}
          {offered ? ` · ${text.offered(offered.ids.length)}` : ""}
        </p>
      </div>
      {failure}
      {problem ? (
        <p role="alert" className="text-danger text-hint">
          {problem}
        </p>
      ) : null}
      <Choice form={form} offered={offered} />
      <Chips form={form} offered={offered} />
    </Section>
  );
}

function Choice({ form, offered }: { form: Form; offered: Offered | null }) {
  const { models } = form.values;
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim().toLowerCase());
  const chosen = useMemo(() => new Set(models), [models]);
  const found = useMemo(
    () => (offered?.ids ?? []).filter((id) => id.toLowerCase().includes(wanted)),
    [offered, wanted],
  );
  const hint = useId();
  const full = models.length >= MAX_MODELS;
  const typed = search.trim();
  const addable = typed !== "" && !chosen.has(typed) && !full && isModelId(typed);
  const add = () => {
    form.set({ models: [...models, typed] });
    setSearch("");
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (addable) add();
  };
  const rest = found.filter((id) => !chosen.has(id));
  const room = MAX_MODELS - models.length;
  return (
    <div>
      <div className="overflow-hidden rounded-control border border-line-strong bg-surface">
        <div className="flex flex-wrap items-center gap-x-2 pr-2">
          <SearchInput
            bare
            label={text.searchModels}
            className="min-w-48 flex-1"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            onKeyDown={press}
          />
          {addable && !offered?.ids.includes(typed) ? (
            <Button size="small" onClick={add} className="max-w-full">
              <span className="truncate">{text.add(typed)}</span>
            </Button>
          ) : null}
          {offered && rest.length > 0 && room > 0 && (wanted !== "" || rest.length <= MAX_MODELS) ? (
            <Button size="small" onClick={() => form.set({ models: [...models, ...rest.slice(0, room)] })}>
              {rest.length > room ? text.selectFirst(room, rest.length) : text.selectMatching(rest.length)}
            </Button>
          ) : null}
        </div>
        {offered && found.length > 0 ? (
          <div className="border-line border-t">
            <OfferedList
              label={text.offeredList}
              ids={found}
              chosen={chosen}
              full={full}
              describedBy={full ? hint : undefined}
              onToggle={(id) =>
                form.set({ models: chosen.has(id) ? models.filter((each) => each !== id) : [...models, id] })
              }
            />
          </div>
        ) : null}
        {offered && found.length === 0 ? (
          <p role="status" className="border-line border-t px-3 py-2 text-hint text-ink-2">
            {text.noneMatches}
          </p>
        ) : null}
      </div>
      <p id={hint} role="status" className="mt-1.5 text-hint text-warn empty:hidden">
        {full
          ? text.full(MAX_MODELS)
          : typed !== "" && !isModelId(typed)
            ? text.notAnId
            : offered?.truncated
              ? text.truncated
              : ""}
      </p>
    </div>
  );
}

function Chips({ form, offered }: { form: Form; offered: Offered | null }) {
  const { models } = form.values;
  const known = useMemo(() => new Set(offered?.ids), [offered]);
  if (models.length === 0) return null;
  return (
    <ul aria-label={text.chosenList} className="flex flex-wrap gap-1.5">
      {models.map((id) => {
        const missing = offered !== null && !offered.truncated && !known.has(id);
        return (
          <li
            key={id}
            title={missing ? text.notOffered : undefined}
            className={
              missing
                ? "flex max-w-full items-center rounded-[6px] border border-warn border-dashed pl-2 text-warn"
                : "flex max-w-full items-center rounded-[6px] border border-transparent bg-accent-soft pl-2"
            }
          >
            <span className="truncate font-mono text-tag">{id}</span>
            {missing ? <span className="sr-only">{text.notOffered}</span> : null}
            <button
              type="button"
              aria-label={text.remove(id)}
              onClick={() => form.set({ models: models.filter((each) => each !== id) })}
              className="grid size-7 shrink-0 place-items-center rounded-[6px] hover:bg-sunken"
            >
              <X aria-hidden size={13} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
