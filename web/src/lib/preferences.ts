// What somebody chose for themselves, kept by the gateway, so that it is the same in every browser.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queries";

/** An answer of the gateway has every field; only a change may leave some out. */
export type Preferences = Required<Schemas["Preferences"]>;

export const preferencesQuery = queryOptions({
  queryKey: ["preferences"],
  staleTime: 60_000,
  queryFn: async () => (await call(api.GET("/bodhi/v1/preferences"))) as Preferences,
});

/** Change some of the preferences; what is shown changes at once and is put right by the answer. */
export async function changePreferences(change: Partial<Preferences>): Promise<void> {
  const before = queryClient.getQueryData(preferencesQuery.queryKey);
  if (before) queryClient.setQueryData(preferencesQuery.queryKey, { ...before, ...change });
  const after = (await call(api.PATCH("/bodhi/v1/preferences", { body: change }))) as Preferences;
  queryClient.setQueryData(preferencesQuery.queryKey, after);
}

export function usePreferences(): Preferences | undefined {
  return useQuery(preferencesQuery).data;
}
