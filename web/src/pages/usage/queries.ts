// What the usage page asks the API for: one request for each part of the page.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queries";
import { snippetModels } from "@/pages/tokens/queries";
import { type Call, keyOf, pointsOf, queryOf, type Search } from "@/pages/usage/filters";
import type { GroupName } from "@/pages/usage/groups";

export type Series = Schemas["SeriesShown"];
export type Group = Schemas["GroupShown"];

export const USAGE = "usage";
const PAGE = 50;

export function seriesQuery(search: Search) {
  return queryOptions({
    queryKey: [USAGE, "series", keyOf(search)],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      call(
        api.GET("/bodhi/v1/usage/series", {
          params: { query: { ...queryOf(search, Date.now()), points: pointsOf(search) } },
          signal,
        }),
      ),
  });
}

export function groupsQuery(search: Search, by: GroupName) {
  return queryOptions({
    queryKey: [USAGE, "groups", by, keyOf(search)],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      call(
        api.GET("/bodhi/v1/usage/summary", {
          params: { query: { ...queryOf(search, Date.now()), group_by: by } },
          signal,
        }),
      ),
  });
}

export function callsQuery(search: Search) {
  return infiniteQueryOptions({
    queryKey: [USAGE, "calls", keyOf(search)],
    initialPageParam: undefined as string | undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.GET("/bodhi/v1/usage", {
          params: { query: { ...queryOf(search, Date.now()), limit: PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    // Coming back to the window neither asks for every page anew nor moves what is read.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** What there is to filter by, within the time that is shown. */
export function choicesQuery(search: Search) {
  const { since, until, span } = search;
  return queryOptions({
    queryKey: [USAGE, "choices", since, until, span],
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      call(
        api.GET("/bodhi/v1/usage/filters", {
          params: { query: { since: queryOf(search, Date.now()).since } },
          signal,
        }),
      ),
  });
}

/** The newest calls once more, beside the list. */
export async function newestCalls(search: Search): Promise<Call[]> {
  const query = { ...queryOf(search, Date.now()), limit: PAGE };
  return (await call(api.GET("/bodhi/v1/usage", { params: { query } }))).data;
}

/** Begin the list anew, with the newest. */
export function restartCalls(search: Search): Promise<void> {
  return queryClient.resetQueries({ queryKey: callsQuery(search).queryKey });
}

/** A model of each kind that could be called, for the request that would be the first. */
export const snippetModelsQuery = queryOptions({
  queryKey: [USAGE, "snippet models"],
  staleTime: 60_000,
  queryFn: () => snippetModels([]),
});
