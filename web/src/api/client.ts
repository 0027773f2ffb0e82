// Typed calls to the control API. A session that ended and a proof of identity that is asked for are dealt with here:
// somebody is asked, then the same call goes out again, so that nothing typed is lost. Model calls are in chat/.
import createClient from "openapi-fetch";
import { ask, setOffline } from "@/api/gate";
import type { components, paths } from "@/api/schema.gen";

export type Schemas = components["schemas"];

/** What the API, or the way to it, said. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly param: string | null = null,
    readonly retryAfter: number | null = null,
    /** The body as it came, where it was not ours. */
    readonly reply: string | null = null,
  ) {
    super(message);
  }
}

export const OFFLINE = "offline";

/** The typed client. Every path and body is checked against the API's own description. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: guardedFetch });

/** Wait for a call and return its body, or throw what went wrong as an `ApiError`. */
export async function call<Answer>(
  pending: Promise<{ data?: Answer; error?: unknown; response: Response }>,
): Promise<Answer> {
  const { data, error, response } = await pending;
  if (response.ok) return data as Answer;
  throw toApiError(response, error);
}

export function toApiError(response: Response, body: unknown): ApiError {
  const given = isErrorBody(body) ? body.error : null;
  const after = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    given?.code ?? "unreadable",
    given?.message ?? `The gateway answered ${response.status} without a reason that can be read.`,
    given?.param ?? null,
    Number.isFinite(after) && after > 0 ? after : null,
    given ? null : typeof body === "string" ? body : null,
  );
}

async function guardedFetch(request: Request): Promise<Response> {
  // A request's body can be read once, so that the spare goes out when it has to be said again.
  const spare = request.clone();
  const response = await reach(request);
  const question = await questionOf(response);
  if (question === null || !(await ask(question))) return response;
  return reach(spare);
}

async function reach(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    setOffline(false);
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    setOffline(true);
    throw new ApiError(0, OFFLINE, "Lost the connection to the gateway.");
  }
}

async function questionOf(response: Response): Promise<"sign-in" | "confirm" | null> {
  if (response.status !== 401 && response.status !== 403) return null;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  const code = isErrorBody(body) ? body.error.code : "";
  // A wrong password is an answer, and no session that ended.
  if (response.status === 401) return code === "sign_in_failed" ? null : "sign-in";
  return code === "confirmation_needed" ? "confirm" : null;
}

function isErrorBody(body: unknown): body is Schemas["ErrorBody"] {
  return typeof body === "object" && body !== null && "error" in body && typeof body.error === "object";
}
