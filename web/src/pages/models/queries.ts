// What the Models page alone asks for: today's requests beside the list, and what deleting would break.
import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { apiModelsQuery, queryClient } from "@/api/queries";
import type { ApiModel } from "./values";

/** Requests since midnight by api model. The page works without an answer. */
export const todayQuery = queryOptions({
  queryKey: ["usage", "today-by-api-model"],
  staleTime: 30_000,
  queryFn: async () => {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const { data } = await call(
      api.GET("/bodhi/v1/usage/summary", {
        params: { query: { group_by: "api_model", since: midnight.toISOString() } },
      }),
    );
    return new Map(data.map((group) => [group.key, group.count]));
  },
});

const WEEK = 7 * 86_400_000;

/** Who used an api model in the last seven days. */
export function lastWeekQuery(id: string) {
  return queryOptions({
    queryKey: ["usage", "last-week", id],
    queryFn: () => {
      const since = new Date(Date.now() - WEEK).toISOString();
      return call(
        api.GET("/bodhi/v1/usage/summary", { params: { query: { group_by: "token", api_model_id: id, since } } }),
      );
    },
  });
}

export async function deleteApiModel(id: string): Promise<void> {
  await call(api.DELETE("/bodhi/v1/api-models/{api_model_id}", { params: { path: { api_model_id: id } } }));
  queryClient.setQueryData(apiModelsQuery.queryKey, (before) => before?.filter((each) => each.id !== id));
  void queryClient.invalidateQueries({ queryKey: apiModelsQuery.queryKey });
}

export interface StoredTest {
  api_model: ApiModel;
  model?: string;
}

export function useStoredTest() {
  return useMutation({
    mutationFn: ({ api_model, model }: StoredTest) =>
      call(
        api.POST("/bodhi/v1/api-models/{api_model_id}/test-connection", {
          params: { path: { api_model_id: api_model.id } },
          body: { model },
        }),
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: apiModelsQuery.queryKey }),
  });
}
