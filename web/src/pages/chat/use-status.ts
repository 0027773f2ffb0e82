// What is said to screen readers: that an answer is being written, and how it ended; never the answer word by word.
import { useSyncExternalStore } from "react";
import { endingOf, runOf, subscribeToRuns } from "@/chat/running";
import { text } from "@/text/en/chat";

const endings = { done: text.statusDone, stopped: text.statusStopped, failed: text.statusFailed } as const;

export function useStatus(chat: string | undefined): string {
  return useSyncExternalStore(subscribeToRuns, () => {
    if (chat === undefined) return "";
    if (runOf(chat)) return text.statusWriting;
    const ending = endingOf(chat);
    return ending ? endings[ending] : "";
  });
}
