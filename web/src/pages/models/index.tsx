// The Models page: every api model with its way into chat, its health and what may be done with it. The form is form.tsx.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { apiModelsQuery, formatsQuery, useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/models";
import { Button, buttonClass } from "@/ui/button";
import { Empty, Loading, Page } from "@/ui/page";
import { SearchInput } from "@/ui/search-input";
import { Select } from "@/ui/select";
import { List } from "./list";
import { todayQuery } from "./queries";
import { type Filters, rowsOf } from "./rows";

const ANY = "any";

export default function ModelsPage() {
  const edits = atLeast(useMe().role, "power_user");
  const filters = useSearch({ from: "/frame/models" });
  const navigate = useNavigate();
  const models = useQuery(apiModelsQuery);
  const formats = useQuery(formatsQuery);
  const today = useQuery(todayQuery);
  const set = (patch: Filters) =>
    void navigate({ to: "/models/", search: { ...filters, ...patch }, replace: true, resetScroll: false });
  const all = models.data;
  const rows = rowsOf(all ?? [], filters);
  return (
    <Page title={text.title} actions={edits ? <Create /> : undefined}>
      {all && all.length > 0 ? (
        <div role="search" className="mb-3 flex flex-wrap gap-2">
          <SearchInput
            label={text.search}
            className="w-full sm:w-72"
            value={filters.q ?? ""}
            onChange={(event) => set({ q: event.target.value || undefined })}
          />
          <Select
            aria-label={text.format}
            className="!w-auto min-w-36"
            value={filters.format ?? ANY}
            onChange={(value) => set({ format: value === ANY ? undefined : value })}
            options={[
              { value: ANY, label: text.anyFormat },
              ...(formats.data ?? []).map((each) => ({ value: each.name, label: each.label })),
            ]}
          />
          {edits ? (
            <Select
              aria-label={text.health}
              className="!w-auto min-w-36"
              value={filters.health ?? ANY}
              onChange={(value) => set({ health: value === ANY ? undefined : value })}
              options={[
                { value: ANY, label: text.anyHealth },
                ...Object.entries(text.healths).map(([value, label]) => ({ value, label })),
              ]}
            />
          ) : null}
        </div>
      ) : null}
      {models.error && !all ? (
        <Failed error={models.error} again={() => void models.refetch()} what={text.what} />
      ) : !all ? (
        <Loading what={text.what} />
      ) : all.length === 0 ? (
        <Empty action={edits ? <Create /> : undefined}>{edits ? text.empty : text.emptyReader}</Empty>
      ) : rows.length === 0 ? (
        <Empty
          action={
            <Button onClick={() => void navigate({ to: "/models/", search: {}, replace: true })}>{text.clear}</Button>
          }
        >
          {text.nothing}
        </Empty>
      ) : (
        <List rows={rows} all={all} formats={formats.data ?? []} today={today.data ?? null} edits={edits} />
      )}
    </Page>
  );
}

function Create() {
  return (
    <Link to="/models/api/new/" className={buttonClass("primary")}>
      <Plus aria-hidden size={16} />
      {text.create}
    </Link>
  );
}
