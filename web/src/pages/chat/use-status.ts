// What is said to screen readers: that an answer is being written, and how it ended; never the answer word by word.
import { useEffect, useRef, useState } from "react";
import type { Content } from "@/chat/types";
import { text } from "@/text/en/chat";

export function useStatus(running: boolean, last: Content | undefined, chat: string | undefined): string {
  const [status, setStatus] = useState("");
  const before = useRef({ running: false, chat });
  useEffect(() => {
    const was = before.current;
    // A new chat gets its id with the first question; that is the same place.
    before.current = { running, chat };
    if (running) setStatus(text.statusWriting);
    else if (was.running && was.chat === chat) {
      setStatus(last?.error ? text.statusFailed : last?.stopped ? text.statusStopped : text.statusDone);
    } else if (was.chat !== chat) setStatus("");
  }, [running, last, chat]);
  return status;
}
