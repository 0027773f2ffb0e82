// What somebody chose for themselves, kept by the gateway, so that it is the same in every browser.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queries";

export type Preferences = Schemas["PreferencesShown"];

export const preferencesQuery = queryOptions({
  queryKey: ["preferences"],
  staleTime: 60_000,
  queryFn: () => call(api.GET("/bodhi/v1/preferences")),
});

/** Change some of the preferences; what is shown changes at once and is put right by the answer. */
export async function changePreferences(change: Partial<Preferences>): Promise<void> {
  const before = queryClient.getQueryData(preferencesQuery.queryKey);
  if (before) queryClient.setQueryData(preferencesQuery.queryKey, { ...before, ...change });
  const after = await call(api.PATCH("/bodhi/v1/preferences", { body: change }));
  queryClient.setQueryData(preferencesQuery.queryKey, after);
}

export function usePreferences(): Preferences | undefined {
  return useQuery(preferencesQuery).data;
}
