// A list that is loaded in pages: its error, its loading, its emptiness, and the way to more of it.
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/shell";
import { Button } from "@/ui/button";
import { Loading } from "@/ui/page";

export interface PagedProps<Row> {
  found: UseInfiniteQueryResult<InfiniteData<{ data: Row[] }>>;
  /** What is listed, as in "Could not load the invites." */
  what: string;
  /** What is shown where there is nothing. */
  empty: ReactNode;
  children: (rows: Row[]) => ReactNode;
}

export function Paged<Row>({ found, what, empty, children }: PagedProps<Row>) {
  if (found.error) return <Failed error={found.error} again={() => void found.refetch()} what={what} />;
  if (!found.data) return <Loading what={what} />;
  const rows = found.data.pages.flatMap((page) => page.data);
  if (rows.length === 0) return empty;
  return (
    <>
      {children(rows)}
      {found.hasNextPage ? (
        <Button className="mt-3" busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {text.more}
        </Button>
      ) : null}
    </>
  );
}
