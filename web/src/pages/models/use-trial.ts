// Tries a connection, or fetches the list, with the values of the form as they are now: saved or not, wrong or not.
import { useMutation } from "@tanstack/react-query";
import { ApiError, api, call, type Schemas } from "@/api/client";
import { apiModelsQuery, queryClient } from "@/api/queries";
import { type ApiModel, bodyOf, changesTo, type Values } from "./values";

/** A trial that the gateway refused to make tells so in the same form. */
export interface Trial<Answer> {
  answer: Answer | null;
  refusal: ApiError | null;
  /** The values that were tried, to tell when they no longer hold. */
  of: string;
  source: string;
  baseUrl: string;
  keyed: boolean;
}

export interface Tried {
  values: Values;
  stored: ApiModel | null;
  name: string;
  model?: string;
}

export function useTest() {
  return useMutation({
    mutationFn: (tried: Tried) =>
      attempt(tried, async () => {
        const { stored, model } = tried;
        const body = trialOf(tried);
        // With nothing changed the stored record itself is tested, and the list of models shows how that went.
        if (stored && Object.keys(body).every((field) => field === "id" || field === "model")) {
          const path = { api_model_id: stored.id };
          const answer = await call(
            api.POST("/bodhi/v1/api-models/{api_model_id}/test-connection", { params: { path }, body: { model } }),
          );
          void queryClient.invalidateQueries({ queryKey: apiModelsQuery.queryKey });
          return answer;
        }
        return call(api.POST("/bodhi/v1/api-models/test-connection", { body }));
      }),
  });
}

export function useFetch() {
  return useMutation({
    mutationFn: (tried: Tried) =>
      attempt(tried, () => call(api.POST("/bodhi/v1/api-models/fetch-models", { body: trialOf(tried) }))),
  });
}

async function attempt<Answer>(tried: Tried, ask: () => Promise<Answer>): Promise<Trial<Answer>> {
  const { values, stored } = tried;
  const trial = {
    of: connectionOf(values),
    source: sourceOf(values),
    baseUrl: values.baseUrl,
    keyed: values.useKey && (values.key !== "" || (stored?.has_key ?? false)),
  };
  try {
    return { ...trial, answer: await ask(), refusal: null };
  } catch (error) {
    if (error instanceof ApiError) return { ...trial, answer: null, refusal: error };
    throw error;
  }
}

/** The part of the form that a trial is about. */
export function connectionOf({ format, baseUrl, useKey, key, extraHeaders, extraBody, allowPrivate }: Values): string {
  return JSON.stringify([format, baseUrl.trim(), useKey, key, extraHeaders, extraBody, allowPrivate]);
}

/** Whose list of models it is. */
export function sourceOf({ format, baseUrl }: Values): string {
  return JSON.stringify([format, baseUrl.trim()]);
}

function trialOf({ values, stored, name, model }: Tried): Schemas["Trial"] {
  const body = bodyOf(values, name || "test");
  // Prefix, selection and name have nothing to do with the connection, and are not to keep it from being tried.
  const { prefix: _prefix, forward_all: _forward, models: _models, name: _name, ...tried } = body;
  if (stored === null) return { ...tried, model };
  return { ...changesTo(stored, tried as typeof body), id: stored.id, model };
}
