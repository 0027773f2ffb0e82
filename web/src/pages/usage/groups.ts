// Sums by something: in which order, how many, and which calls lie behind each. No React here.
import type { Search } from "@/pages/usage/filters";
import type { Group } from "@/pages/usage/queries";

export const GROUP_NAMES = ["model", "api_model", "token", "user", "day", "endpoint", "status", "error"] as const;
export type GroupName = (typeof GROUP_NAMES)[number];

export const COLUMNS = ["requests", "tokens", "cost", "p95", "errors"] as const;
export type Column = (typeof COLUMNS)[number];
export interface Order {
  column: Column | "name";
  up: boolean;
}

export const TOP = 10;

/** The order that an address names: a column, with a minus before it for the largest first. */
export function orderOf(sort: string | undefined): Order {
  const up = sort !== undefined && !sort.startsWith("-");
  const name = sort?.replace(/^-/, "");
  const column = [...COLUMNS, "name" as const].find((each) => each === name);
  return column ? { column, up } : { column: "requests", up: false };
}

/** The address's word for the order after a click on a column. */
export function nextSort(order: Order, column: Order["column"]): string {
  const up = order.column === column ? !order.up : column === "name";
  return up ? column : `-${column}`;
}

type Sums = Pick<Group, "count" | "errors" | "input_tokens" | "output_tokens" | "cost_nano">;

export function numberOf(group: Group, column: Column): number | null {
  switch (column) {
    case "requests":
      return group.count;
    case "tokens":
      return group.input_tokens + group.output_tokens;
    case "cost":
      return group.cost_nano;
    case "p95":
      return group.p95_first_us;
    case "errors":
      return group.errors;
  }
}

/** The groups in order; what has no value comes last in both directions. */
export function sorted(groups: readonly Group[], order: Order, nameOf: (group: Group) => string): Group[] {
  const sign = order.up ? 1 : -1;
  return [...groups].sort((one, other) => {
    if (order.column === "name") return sign * nameOf(one).localeCompare(nameOf(other), "en", { numeric: true });
    const [a, b] = [numberOf(one, order.column), numberOf(other, order.column)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (a - b) || other.count - one.count;
  });
}

/** Add up what is not shown by itself. */
export function restOf(groups: readonly Sums[]): Sums {
  const rest: Sums = { count: 0, errors: 0, input_tokens: 0, output_tokens: 0, cost_nano: null };
  for (const each of groups) {
    rest.count += each.count;
    rest.errors += each.errors;
    rest.input_tokens += each.input_tokens;
    rest.output_tokens += each.output_tokens;
    if (each.cost_nano !== null) rest.cost_nano = (rest.cost_nano ?? 0) + each.cost_nano;
  }
  return rest;
}

const DAY = 86_400_000;

/** The change of the address that shows the calls of one group, or null where no filter can name them. */
export function behind(by: GroupName, key: string | null): Search | null {
  if (key === null) return by === "error" ? { failed: "false" } : null;
  switch (by) {
    case "api_model":
      return { api_model_id: key };
    case "token":
      return { token_id: key };
    case "user":
      return { user_id: key };
    case "day": {
      const begun = Date.parse(`${key}T00:00:00Z`);
      return {
        span: undefined,
        since: `${key}T00:00:00Z`,
        until: new Date(begun + DAY).toISOString().replace(".000Z", "Z"),
      };
    }
    default:
      return { [by]: key };
  }
}
