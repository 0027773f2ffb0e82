// Saves the form: makes an api model, or sends what changed of one. What the gateway says against a field goes to it.
import { useMutation } from "@tanstack/react-query";
import { ApiError, api, call } from "@/api/client";
import { apiModelsQuery, queryClient } from "@/api/queries";
import type { FieldName } from "./check";
import { type ApiModel, type Body, changesTo } from "./values";

const FIELDS: ReadonlySet<string> = new Set([
  "name", "format", "base_url", "api_key", "prefix", "models", "extra_headers", "extra_body", "allow_private_network",
]); // biome-ignore format: a list reads better in few lines.

export function useSave(stored: ApiModel | null) {
  return useMutation({
    mutationFn: (body: Body) => (stored ? change(stored, body) : call(api.POST("/bodhi/v1/api-models", { body }))),
    onSuccess: (saved) => {
      queryClient.setQueryData(apiModelsQuery.queryKey, (before) =>
        before?.some((each) => each.id === saved.id)
          ? before.map((each) => (each.id === saved.id ? saved : each))
          : before && [...before, saved],
      );
      void queryClient.invalidateQueries({ queryKey: apiModelsQuery.queryKey });
    },
  });
}

async function change(stored: ApiModel, body: Body): Promise<ApiModel> {
  const changed = changesTo(stored, body);
  if (Object.keys(changed).length === 0) return stored;
  const path = { api_model_id: stored.id };
  return call(api.PATCH("/bodhi/v1/api-models/{api_model_id}", { params: { path }, body: changed }));
}

/** The field that an error is about, if it is one of the form's. */
export function fieldOf(error: unknown): FieldName | null {
  const param = error instanceof ApiError ? error.param : null;
  return param !== null && FIELDS.has(param) ? (param as FieldName) : null;
}
