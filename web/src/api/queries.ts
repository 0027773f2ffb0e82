// What several pages ask the API for: keys and queries in one place. What one page alone asks for is beside that page.
import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, api, call, OFFLINE, type Schemas } from "@/api/client";
import { arm } from "@/api/gate";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // The gateway is often this very computer, so whether the browser is online tells nothing.
      networkMode: "always",
      // What the gateway refused, it refuses again; only a lost connection is worth another try.
      retry: (failures, error) => error instanceof ApiError && error.code === OFFLINE && failures < 20,
      retryDelay: (attempt) => Math.min(1_000 * 2 ** attempt, 8_000),
    },
    mutations: { networkMode: "always" },
  },
});

export type Me = Schemas["Me"];

/** Who is signed in, or null. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  staleTime: 60_000,
  queryFn: async (): Promise<Me | null> => {
    try {
      const me = await call(api.GET("/bodhi/v1/session"));
      arm(true);
      return me;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.code === "setup_required")) return null;
      throw error;
    }
  },
});

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => call(api.GET("/bodhi/v1/setup")),
});

export const oidcQuery = queryOptions({
  queryKey: ["oidc"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => call(api.GET("/bodhi/v1/oidc")),
});

export const formatsQuery = queryOptions({
  queryKey: ["formats"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async () => (await call(api.GET("/bodhi/v1/formats"))).data,
});

/** Every api model that one may see, all pages together. */
export const apiModelsQuery = queryOptions({
  queryKey: ["api-models"],
  queryFn: async () => {
    const found: Schemas["ApiModelShown"][] = [];
    let cursor: string | null | undefined;
    do {
      const page = await call(
        api.GET("/bodhi/v1/api-models", { params: { query: { limit: 100, cursor: cursor ?? undefined } } }),
      );
      found.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor);
    return found;
  },
});

/** Who is signed in, on pages that nobody else reaches. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) throw new Error("This page needs somebody who is signed in.");
  return data;
}
