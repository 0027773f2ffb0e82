// What the page of one request asks the API for.
import { queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";
import { USAGE } from "@/pages/usage/queries";

export type OneCall = Schemas["OneCallShown"];
export type Capture = Schemas["CaptureShown"];
export type Said = Schemas["SaidShown"];
export type Sent = Schemas["SentShown"];

export function callQuery(id: string) {
  return queryOptions({
    queryKey: [USAGE, "call", id],
    staleTime: 60_000,
    queryFn: () => call(api.GET("/bodhi/v1/usage/{call_id}", { params: { path: { call_id: id } } })),
  });
}

/** What was said. Each reading goes into the audit trail, so that it is asked for once and only on demand. */
export function captureQuery(id: string, asked: boolean) {
  return queryOptions({
    queryKey: [USAGE, "capture", id],
    enabled: asked,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnMount: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    queryFn: async () =>
      // The client's types forget that a header is a pair.
      (await call(api.GET("/bodhi/v1/usage/{call_id}/capture", { params: { path: { call_id: id } } }))) as Capture,
  });
}

/** Whether anything is kept; only Admins may know. */
export function policyQuery(admin: boolean) {
  return queryOptions({
    queryKey: ["capture-policy"],
    enabled: admin,
    queryFn: () => call(api.GET("/bodhi/v1/capture")),
  });
}
