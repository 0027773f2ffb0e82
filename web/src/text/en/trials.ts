// What became of a connection test or of fetching a list: what happened, who said it, what to do.
import type { Schemas } from "@/api/client";
import { duration } from "@/lib/format";

type Kind = Schemas["Kind"];

export interface Told {
  who: string;
  status: number | null;
  /** Scheme, host and port that were called. */
  site: string;
  host: string;
  /** The path that was called. */
  path: string;
  /** The server that usually listens there, such as Ollama, or "". */
  local: string;
  /** Where the base URL has no version in it, the usual one. */
  version: string;
  keyed: boolean;
  ms: number;
}

const answered = ({ who, status }: Told) => `${who} answered${status ? ` ${status}` : ""}.`;
const noAnswer = ({ site }: Told) => `No answer from ${site}.`;

/** What happened, in one sentence. */
export const happened: Record<Kind, (told: Told) => string> = {
  refused_key: ({ who, status, keyed }) =>
    keyed ? `${who} refused the key${inBrackets(status)}.` : `${who} wants a key${inBrackets(status)}.`,
  refused_connection: noAnswer,
  unreachable: noAnswer,
  dns: ({ host }) => `There is no server by the name of ${host}.`,
  tls: ({ host }) => `The certificate of ${host} is not trusted by this server.`,
  timeout: ({ who, ms }) => `${who} did not answer within ${duration(ms * 1000)}.`,
  not_found: ({ path }) => `The address answered, but not at ${path}.`,
  rate_limited: ({ who, keyed }) => `${who} is limiting ${keyed ? "this key" : "requests"}.`,
  provider_failed: ({ who, status }) => `${who} failed${inBrackets(status)}.`,
  not_json: ({ who, status }) => `${who} answered${status ? ` ${status}` : ""}, but with something other than JSON.`,
  private_network: ({ host }) => `${host} is in a private network, where this API model may not go.`,
  other: answered,
};

/** What to do about it. */
export const advice: Record<Kind, (told: Told) => string> = {
  refused_key: ({ keyed }) => (keyed ? "Paste the key again." : "Switch on “Use API key” and paste one."),
  refused_connection: ({ local }) =>
    `Nothing is listening there. ${local ? `Is ${local} running?` : "Is the port right?"}`,
  unreachable: () => "Check the address, and the network and firewall between.",
  dns: () => "Check the spelling of the base URL.",
  tls: () => "Add the certificate's authority to those that this server trusts.",
  timeout: () => "Try again, or set longer time limits under Advanced.",
  not_found: ({ version }) =>
    version ? `Does the base URL need ${version}?` : "Check the base URL and the id of the model.",
  rate_limited: () => "",
  provider_failed: () => "Try again later.",
  not_json: () => "Is this the address of the API, and not of a web page?",
  private_network: () => "Allow it if you trust what runs there.",
  other: () => "",
};

export const text = {
  works: (ms: number) => `Connected in ${duration(ms * 1000)}`,
  said: "It said:",
  details: "Details",
  status: "Status",
  time: "Time",
  called: "Called",
  wait: (seconds: number) =>
    seconds > 0 ? `It asks to wait ${seconds} s.` : "The time that it asked to wait is over.",
  allow: "Allow private network",
  notTried: "The connection was not tried.",
  provider: "The provider",
};

function inBrackets(status: number | null): string {
  return status ? ` (${status})` : "";
}
