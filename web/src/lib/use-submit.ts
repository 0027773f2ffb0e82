// Sending a form: busy while it goes out, and what was wrong with it, at its field or above them all.
import { useState } from "react";
import { ApiError } from "@/api/client";

export interface Submit {
  busy: boolean;
  problem: ApiError | undefined;
  /** Do the work, and tell whether it went well. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  /** What was wrong with one field, of those that show their own problems. */
  at: (param: string) => string | undefined;
  /** What was wrong otherwise: to be shown above the fields. */
  elsewhere: string | undefined;
}

/**
 * @param fields - the parameters whose problems are shown at their own field.
 */
export function useSubmit(...fields: string[]): Submit {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, "failed", String(error)));
      return false;
    } finally {
      setBusy(false);
    }
  };
  const field = fields.find((each) => problem?.param === each || problem?.param?.startsWith(`${each}.`));
  return {
    busy,
    problem,
    run,
    at: (param) => (field === param ? problem?.message : undefined),
    elsewhere: field === undefined ? problem?.message : undefined,
  };
}
