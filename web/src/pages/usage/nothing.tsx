// A list without calls: why, and the request that would be the first.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { snippets } from "@/lib/snippets";
import { isFiltered, type Search, spanOf, UNFILTERED } from "@/pages/usage/filters";
import { snippetModelsQuery } from "@/pages/usage/queries";
import { text } from "@/text/en/usage";
import { Button, buttonClass } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Empty } from "@/ui/page";

export function Nothing({ search }: { search: Search }) {
  const navigate = useNavigate({ from: "/usage" });
  const set = (change: Search) => void navigate({ search: (before) => ({ ...before, ...change }) });
  if (isFiltered(search)) {
    return <Empty action={<Button onClick={() => set(UNFILTERED)}>{text.clear}</Button>}>{text.emptyFilter}</Empty>;
  }
  const span = spanOf(search);
  return (
    <>
      <Empty
        action={
          span === "30d" ? null : (
            <Button onClick={() => set({ span: "30d", since: undefined, until: undefined })}>{text.longer}</Button>
          )
        }
      >
        {span === "30d" ? text.empty : text.emptySpan(text.spanWords[span] ?? "")}
      </Empty>
      <FirstCall />
    </>
  );
}

function FirstCall() {
  const { data: models } = useQuery(snippetModelsQuery);
  if (!models) return null;
  const ready = Object.keys(models).length > 0;
  const code = snippets(location.origin, "$BODHI_TOKEN", models)[0]?.code ?? "";
  return (
    <div className="mt-4">
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <p className="text-ink-2">{ready ? text.emptyCurl : text.emptyModel}</p>
        <div className="flex gap-2">
          <Link to="/tokens/" className={buttonClass("plain", "small")}>
            {text.makeToken}
          </Link>
          <CopyButton text={code} label={text.copyCurl} spelled />
        </div>
      </div>
      <pre
        tabIndex={0}
        className="relative overflow-x-auto rounded-card border border-line bg-sunken px-4 py-3 font-mono text-hint"
      >
        {code}
      </pre>
    </div>
  );
}
