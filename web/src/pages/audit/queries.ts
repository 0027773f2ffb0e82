// What the audit page asks the API for, and the filters that its address holds.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";

export type Act = Schemas["ActShown"];

export interface Search {
  action?: string;
  user_id?: string;
  subject_id?: string;
  outcome?: string;
  via?: string;
  since?: string;
  until?: string;
  open?: string;
}

export const AUDIT = "audit";
const PAGE = 50;

export function filtersOf({ open: _, outcome, via, ...rest }: Search) {
  return {
    ...rest,
    outcome: outcome as "done" | "refused" | undefined,
    via: via as "api" | "host" | "gateway" | undefined,
  };
}

export function isFiltered(search: Search): boolean {
  return Object.values(filtersOf(search)).some((value) => value !== undefined);
}

export const UNFILTERED: Search = {
  action: undefined,
  user_id: undefined,
  subject_id: undefined,
  outcome: undefined,
  via: undefined,
  since: undefined,
  until: undefined,
};

export function actsQuery(search: Search) {
  const filters = filtersOf(search);
  return infiniteQueryOptions({
    queryKey: [AUDIT, "acts", filters],
    initialPageParam: undefined as string | undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call(api.GET("/bodhi/v1/audit", { params: { query: { ...filters, limit: PAGE, cursor: pageParam } }, signal })),
    // Coming back to the window neither asks for every page anew nor moves what is read.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** One row by its number: an address that names it opens it, whatever else is listed. */
export function actQuery(seq: number) {
  return queryOptions({
    queryKey: [AUDIT, "act", seq],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const query = { limit: 1, cursor: String(seq + 1) };
      const { data } = await call(api.GET("/bodhi/v1/audit", { params: { query } }));
      return data.find((act) => act.seq === seq) ?? null;
    },
  });
}

export const headQuery = queryOptions({
  queryKey: [AUDIT, "head"],
  queryFn: () => call(api.GET("/bodhi/v1/audit/head")),
});
