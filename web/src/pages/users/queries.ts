// What the people page asks the API for.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queries";

export type Person = Schemas["UserShown"];
export type Invite = Schemas["InviteShown"];
export type AccessRequest = Schemas["RequestShown"];

const PEOPLE = "people";
const LIMIT = 50;

const paged = { initialPageParam: undefined as string | undefined };
const next = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined;

export function peopleQuery(query?: string) {
  return infiniteQueryOptions({
    ...paged,
    queryKey: [PEOPLE, "users", query],
    queryFn: ({ pageParam }) =>
      call(api.GET("/bodhi/v1/users", { params: { query: { query, limit: LIMIT, cursor: pageParam } } })),
    getNextPageParam: next,
  });
}

export const invitesQuery = infiniteQueryOptions({
  ...paged,
  queryKey: [PEOPLE, "invites"],
  queryFn: ({ pageParam }) =>
    call(api.GET("/bodhi/v1/invites", { params: { query: { limit: LIMIT, cursor: pageParam } } })),
  getNextPageParam: next,
});

export const requestsQuery = infiniteQueryOptions({
  ...paged,
  queryKey: [PEOPLE, "requests"],
  queryFn: ({ pageParam }) =>
    call(api.GET("/bodhi/v1/access-requests", { params: { query: { limit: LIMIT, cursor: pageParam } } })),
  getNextPageParam: next,
});

export function forgetPeople(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: [PEOPLE] });
}
