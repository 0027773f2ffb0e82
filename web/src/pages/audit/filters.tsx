// The filters of the trail, all of them in the address.
import { useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useId } from "react";
import { isFiltered, type Search, UNFILTERED } from "@/pages/audit/queries";
import { meanings, text } from "@/text/en/audit";
import { Button } from "@/ui/button";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";

const ANY = "any";
const KINDS = [...new Set(Object.keys(meanings).map((action) => action.slice(0, action.indexOf(".") + 1)))];
const ACTIONS = KINDS.flatMap((kind) => [
  { value: kind, label: text.allOf(kind.slice(0, -1)) },
  ...Object.keys(meanings)
    .filter((action) => action.startsWith(kind))
    .map((action) => ({ value: action, label: action })),
]);

export function AuditFilters({ search }: { search: Search }) {
  const navigate = useNavigate({ from: "/audit" });
  const id = useId();
  const set = (change: Search) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const chosen = (value: string) => (value === ANY ? undefined : value);
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <Select
        aria-label={text.action}
        className="!w-52"
        value={search.action ?? ANY}
        onChange={(next) => set({ action: chosen(next) })}
        options={[{ value: ANY, label: text.anyAction }, ...ACTIONS]}
      />
      <Select
        aria-label={text.outcome}
        className="!w-36"
        value={search.outcome ?? ANY}
        onChange={(next) => set({ outcome: chosen(next) })}
        options={[
          { value: ANY, label: text.anyOutcome },
          ...Object.entries(text.outcomes).map(([value, label]) => ({ value, label })),
        ]}
      />
      <Select
        aria-label={text.via}
        className="!w-36"
        value={search.via ?? ANY}
        onChange={(next) => set({ via: chosen(next) })}
        options={[
          { value: ANY, label: text.anyVia },
          ...Object.entries(text.ways).map(([value, label]) => ({ value, label })),
        ]}
      />
      <Day id={`${id}-since`} label={text.from} value={search.since} onChange={(since) => set({ since })} />
      <Day id={`${id}-until`} label={text.until} value={search.until} end onChange={(until) => set({ until })} />
      {search.user_id ? (
        <Chip name={text.onlyUser(short(search.user_id))} onRemove={() => set({ user_id: undefined })} />
      ) : null}
      {search.subject_id ? (
        <Chip name={text.onlySubject(short(search.subject_id))} onRemove={() => set({ subject_id: undefined })} />
      ) : null}
      {isFiltered(search) ? (
        <Button size="small" look="quiet" onClick={() => set(UNFILTERED)}>
          {text.clear}
        </Button>
      ) : null}
    </div>
  );
}

interface DayProps {
  id: string;
  label: string;
  value: string | undefined;
  /** The day is the last one that is wanted, to its end. */
  end?: boolean;
  onChange: (value: string | undefined) => void;
}

function Day({ id, label, value, end, onChange }: DayProps) {
  return (
    <label htmlFor={id} className="flex items-center gap-2 text-hint text-ink-2">
      {label}
      <Input
        id={id}
        type="date"
        className="!w-40"
        value={dayOf(value, end)}
        onChange={(event) => onChange(momentOf(event.target.value, end))}
      />
    </label>
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

function short(id: string): string {
  return id.length > 12 ? `…${id.slice(-6)}` : id;
}

/** The reader's day in which a moment lies; the end of a day is the beginning of the next. */
function dayOf(moment: string | undefined, end = false): string {
  const at = new Date(Date.parse(moment ?? "") - (end ? 1 : 0));
  if (Number.isNaN(at.getTime())) return "";
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function momentOf(day: string, end = false): string | undefined {
  const at = new Date(`${day}T00:00`);
  if (Number.isNaN(at.getTime())) return undefined;
  if (end) at.setDate(at.getDate() + 1);
  return at.toISOString().replace(".000Z", "Z");
}
