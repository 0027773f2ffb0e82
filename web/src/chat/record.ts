// What a call cost, as the gateway recorded it. The record is written a moment after the answer, so it is looked for again.
import { ApiError } from "@/api/client";

const WAITS = [350, 500, 1_000, 2_000, 4_000];

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Look until the record is there; null where it does not come, which costs the chat nothing but its figures. */
export async function recordOf<Found>(
  look: () => Promise<Found | undefined>,
  pause: (ms: number) => Promise<void> = wait,
): Promise<Found | null> {
  for (const ms of WAITS) {
    await pause(ms);
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof ApiError) return null;
      throw error;
    }
  }
  return null;
}
