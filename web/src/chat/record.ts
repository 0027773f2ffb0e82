// What a call cost, as the gateway recorded it. The record is written a moment after the answer, so it is asked for again.
import { ApiError } from "@/api/client";

const WAITS = [150, 400, 1_000, 2_000, 4_000];

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Ask until the record is there; null where it does not come, which costs the chat nothing but its figures. */
export async function recordOf<Record>(
  ask: () => Promise<Record>,
  pause: (ms: number) => Promise<void> = wait,
): Promise<Record | null> {
  for (const ms of WAITS) {
    await pause(ms);
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 404) return null;
    }
  }
  return null;
}
