// Usage: what went through, how much it cost, how long it took, and every call. Which calls is in the address.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download, Radio } from "lucide-react";
import { useState } from "react";
import { api, call } from "@/api/client";
import { saveBlob } from "@/lib/download";
import { Breakdown } from "@/pages/usage/breakdown";
import { Charts } from "@/pages/usage/charts";
import { FilterBar } from "@/pages/usage/filter-bar";
import { goesOn, queryOf, type Search } from "@/pages/usage/filters";
import { seriesQuery } from "@/pages/usage/queries";
import { Requests } from "@/pages/usage/requests";
import { Tiles } from "@/pages/usage/tiles";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/usage";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Page } from "@/ui/page";

export default function UsagePage() {
  const search = useSearch({ from: "/frame/usage" });
  const navigate = useNavigate({ from: "/usage" });
  const series = useQuery(seriesQuery(search));
  const [problem, setProblem] = useState<string>();
  const live = search.live === "1";
  return (
    <Page
      title={text.title}
      lead={text.zone(Intl.DateTimeFormat().resolvedOptions().timeZone)}
      actions={
        <>
          <Button
            icon={<Radio aria-hidden size={16} className={live ? "text-on-accent" : "text-accent"} />}
            look={live ? "primary" : "plain"}
            aria-pressed={live}
            disabled={!goesOn(search) && !live}
            title={goesOn(search) ? undefined : text.liveUntil}
            onClick={() =>
              void navigate({ search: (now) => ({ ...now, live: live ? undefined : "1" }), resetScroll: false })
            }
          >
            {text.live}
          </Button>
          <ExportButton search={search} onProblem={setProblem} />
        </>
      }
    >
      {problem ? (
        <Notice kind="danger" className="mb-4" title={text.exportFailed}>
          {problem}
        </Notice>
      ) : null}
      <FilterBar search={search} />
      {series.error ? (
        <Failed error={series.error} again={() => void series.refetch()} what={text.what} />
      ) : (
        <div className="flex flex-col gap-4" aria-busy={series.isPlaceholderData || undefined}>
          <Tiles series={series.data} search={search} />
          <Charts series={series.data} />
        </div>
      )}
      <Breakdown search={search} />
      <Requests search={search} />
    </Page>
  );
}

function ExportButton({ search, onProblem }: { search: Search; onProblem: (said: string | undefined) => void }) {
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    onProblem(undefined);
    try {
      const query = { ...queryOf(search, Date.now()), format: "csv" as const };
      const pending = api.GET("/bodhi/v1/usage/export", { params: { query }, parseAs: "blob" });
      saveBlob((await call(pending)) as Blob, "bodhi-usage.csv");
    } catch (error) {
      onProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon={<Download aria-hidden size={16} />} busy={busy} onClick={() => void save()}>
      {text.exportCsv}
    </Button>
  );
}
