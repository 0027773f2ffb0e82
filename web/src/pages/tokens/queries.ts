// What the tokens page asks the API for.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";
import { apiModelsQuery, formatsQuery, queryClient } from "@/api/queries";
import { allows } from "@/lib/globs";
import type { SnippetModels } from "@/lib/snippets";

export type Token = Schemas["TokenShown"];
export type TokenState = Token["state"];

export const TOKENS = "tokens";
const DAYS = 30;

export interface TokenFilters {
  query?: string;
  everybody?: boolean;
  state?: TokenState;
}

export function tokensQuery({ query, everybody, state }: TokenFilters) {
  return infiniteQueryOptions({
    queryKey: [TOKENS, query, everybody, state],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/bodhi/v1/tokens", {
          params: { query: { limit: 50, cursor: pageParam, query, state, all_owners: everybody } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** What each token cost in the last thirty days, and how many requests it sent. */
export const costsQuery = queryOptions({
  queryKey: [TOKENS, "costs"],
  staleTime: 60_000,
  queryFn: async () => {
    const since = new Date(Date.now() - DAYS * 86_400_000).toISOString();
    const { data } = await call(
      api.GET("/bodhi/v1/usage/summary", { params: { query: { group_by: "token", since } } }),
    );
    return new Map(data.map((group) => [group.key ?? "", { cost: group.cost_nano, count: group.count }]));
  },
});

export function forgetTokens(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: [TOKENS] });
}

/** By the path that a client calls, which snippet a format is for. */
const KINDS: [string, keyof SnippetModels][] = [
  ["/chat/completions", "openai"],
  ["/responses", "responses"],
  ["/messages", "anthropic"],
  ["generateContent", "gemini"],
];

/** One model id of each kind that a token may use. */
export async function snippetModels(allowed: readonly string[]): Promise<SnippetModels> {
  const [apiModels, formats] = await Promise.all([
    queryClient.fetchQuery(apiModelsQuery),
    queryClient.fetchQuery(formatsQuery),
  ]);
  const found: SnippetModels = {};
  for (const apiModel of apiModels) {
    const format = formats.find((each) => each.name === apiModel.format);
    const model = apiModel.models.map((id) => apiModel.prefix + id).find((id) => allows(allowed, id));
    const kind = KINDS.find(([end]) => format?.endpoints.some(({ path }) => path.endsWith(end)))?.[1];
    if (model && kind && !apiModel.broken) found[kind] ??= model;
  }
  return found;
}
