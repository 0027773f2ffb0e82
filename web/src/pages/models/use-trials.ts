// The two trials of the form, testing and fetching: which model is tested, and whether what came back still holds.
import { useState } from "react";
import type { Offered } from "./model-choice";
import type { Form } from "./use-form";
import { sourceOf, useFetch, useTest } from "./use-trial";
import type { ApiModel } from "./values";

export function useTrials(form: Form, stored: ApiModel | null, name: string) {
  const { values } = form;
  const test = useTest();
  const fetch = useFetch();
  const [typed, setTyped] = useState("");
  const [nameMissing, setNameMissing] = useState(false);
  const listed = values.usePrefix && values.forwardAll ? undefined : values.models[0];
  const model = listed ?? typed.trim();
  const fetched = fetch.data?.answer ?? null;
  // A list of another provider's models would be worse than none.
  const holds = fetch.data?.source === sourceOf(values);
  const offered: Offered | null = fetched?.ok && holds ? { ids: fetched.models, truncated: fetched.truncated } : null;
  return {
    test,
    fetch,
    offered,
    nameMissing,
    tested: test.isPending ? null : (test.data ?? null),
    fetchFailed: fetch.isPending || fetched?.ok ? null : (fetch.data ?? null),
    privateRefused: [test.data?.answer?.kind, fetched?.kind].includes("private_network"),
    testModel: listed === undefined ? typed : null,
    setTestModel: (next: string) => {
      setTyped(next);
      setNameMissing(false);
    },
    runTest: () => {
      setNameMissing(model === "");
      if (model === "") test.reset();
      else test.mutate({ values, stored, name, model });
    },
    runFetch: () => fetch.mutate({ values, stored, name }),
    clear: () => {
      test.reset();
      setNameMissing(false);
    },
  };
}
