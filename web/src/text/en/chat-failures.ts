// What is said when an answer fails: what happened, who said it, what to do.
import type { Failure } from "@/chat/types";

export interface Told {
  title: string;
  /** The words of whoever refused. */
  said?: string;
  advice?: string;
}

const saying = (failure: Failure) => failure.said?.replace(/\s+/g, " ").trim().slice(0, 600) || undefined;

/** The provider's word for an error, as people read it. */
function word(failure: Failure): string {
  const status = failure.status ? String(failure.status) : "";
  const known = failure.word
    ?.replace(/_error$/, "")
    .replaceAll("_", " ")
    .toLowerCase();
  const told = known && !["server", "api", "invalid request"].includes(known) ? known : "";
  const both = [status, told].filter(Boolean).join(", ");
  return both ? ` (${both})` : "";
}

export function tell(failure: Failure, name: string, left: number): Told {
  const provider = name || "The provider";
  const said = saying(failure);
  switch (failure.kind) {
    case "refused_key":
      return {
        title: `${provider} refused the key (${failure.status}).`,
        said,
        advice: "Open the API model and paste the key again.",
      };
    case "limited":
      return {
        title: failure.wait
          ? left > 0
            ? `${provider} is limiting this key. It asks to wait ${left} s.`
            : `${provider} was limiting this key. The time it asked for is over.`
          : `${provider} is limiting this key (429).`,
        said,
        advice: failure.wait ? undefined : "Wait a moment, then try again.",
      };
    case "not_found":
      return {
        title: `${provider} answered, but does not know this model or address (404).`,
        said,
        advice: "Is the model's name right? Does the base URL need /v1?",
      };
    case "provider":
      return { title: `${provider} failed${word(failure)}.`, said };
    case "refused":
      return { title: `${provider} refused the request${word(failure)}.`, said };
    case "page":
      return {
        title: `${provider} answered with a web page instead of an answer (${failure.status}).`,
        advice: "Is the base URL that of an API? A proxy in between may have answered.",
      };
    case "broke":
      return {
        title: `The answer of ${provider} broke off before it was complete.`,
        advice: "What had arrived is kept.",
      };
    case "lost":
      return {
        title: "Lost the connection to the gateway.",
        advice: "What had arrived is kept. Try again when it is back.",
      };
    case "odd":
      return { title: `${provider} answered ${failure.status} with something that is no answer.` };
    case "gateway":
      return { title: said ?? `The gateway refused this (${failure.status}).` };
  }
}
