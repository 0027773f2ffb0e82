// The audit trail: who did what, when and from where. Which rows, and which one is open, is in the address.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useState } from "react";
import { api, call } from "@/api/client";
import { saveBlob } from "@/lib/download";
import { ActDialog } from "@/pages/audit/act-dialog";
import { ActRow } from "@/pages/audit/act-row";
import { AuditFilters } from "@/pages/audit/filters";
import { Head } from "@/pages/audit/head";
import { actsQuery, filtersOf, isFiltered, type Search } from "@/pages/audit/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/audit";
import { Button } from "@/ui/button";
import { Menu } from "@/ui/menu";
import { Notice } from "@/ui/notice";
import { Empty, Loading, Page } from "@/ui/page";
import { Table, Th } from "@/ui/table";

const FORMATS = ["jsonl", "csv"] as const;

export default function AuditPage() {
  const search = useSearch({ from: "/frame/audit" });
  const navigate = useNavigate({ from: "/audit" });
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const save = async (format: (typeof FORMATS)[number]) => {
    setBusy(true);
    setProblem(undefined);
    try {
      const query = { ...filtersOf(search), format };
      const pending = api.GET("/bodhi/v1/audit/export", { params: { query }, parseAs: "blob" });
      saveBlob((await call(pending)) as Blob, `bodhi-audit.${format}`);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const seq = Number(search.open);
  return (
    <Page
      title={text.title}
      lead={text.lead}
      actions={
        <Menu
          label={text.exportTrail}
          look="plain"
          trigger={
            <>
              <Download aria-hidden size={16} />
              {text.exportTrail}
            </>
          }
          items={FORMATS.map((format) => ({
            label: format === "csv" ? "CSV" : "JSON Lines",
            disabled: busy,
            onSelect: () => void save(format),
          }))}
        />
      }
    >
      {problem ? (
        <Notice kind="danger" className="mb-4" title={text.exportFailed}>
          {problem}
        </Notice>
      ) : null}
      <AuditFilters search={search} />
      <Acts search={search} />
      <Head />
      {Number.isSafeInteger(seq) && seq > 0 ? (
        <ActDialog
          seq={seq}
          onClose={() => void navigate({ search: (now) => ({ ...now, open: undefined }), resetScroll: false })}
        />
      ) : null}
    </Page>
  );
}

function Acts({ search }: { search: Search }) {
  const navigate = useNavigate({ from: "/audit" });
  const found = useInfiniteQuery(actsQuery(search));
  if (found.error) return <Failed error={found.error} again={() => void found.refetch()} what={text.what} />;
  const acts = found.data?.pages.flatMap((page) => page.data);
  if (!acts) return <Loading rows={6} what={text.what} />;
  if (acts.length === 0) return <Empty>{isFiltered(search) ? text.nothing : text.empty}</Empty>;
  return (
    <>
      <Table label={text.table} className="min-w-[820px]">
        <thead>
          <tr>
            <Th>{text.when}</Th>
            <Th>{text.who}</Th>
            <Th>{text.did}</Th>
            <Th>{text.whom}</Th>
            <Th>{text.where}</Th>
            <Th>{text.result}</Th>
          </tr>
        </thead>
        <tbody>
          {acts.map((act) => (
            <ActRow
              key={act.seq}
              act={act}
              onOpen={() => void navigate({ search: (now) => ({ ...now, open: String(act.seq) }), resetScroll: false })}
            />
          ))}
        </tbody>
      </Table>
      {found.hasNextPage ? (
        <Button className="mt-3" busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {text.more}
        </Button>
      ) : null}
    </>
  );
}
