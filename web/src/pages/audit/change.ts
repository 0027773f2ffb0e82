// What an act changed, field by field. No React here.
import { isObject } from "@/chat/json";

export interface Difference {
  field: string;
  before: string | null;
  after: string | null;
}

/** Every field that is on either side, in the order in which they come; nested objects by their paths. */
export function differences(before: unknown, after: unknown): Difference[] {
  const [old, now] = [flat(before), flat(after)];
  return [...new Set([...old.keys(), ...now.keys()])].map((field) => ({
    field,
    before: old.get(field) ?? null,
    after: now.get(field) ?? null,
  }));
}

const DEEPEST = 4;

function flat(value: unknown, path = "", depth = 0): Map<string, string> {
  if (!isObject(value) || depth >= DEEPEST || (path && Object.keys(value).length === 0)) {
    return new Map(path ? [[path, written(value)]] : []);
  }
  return new Map(
    Object.entries(value).flatMap(([name, each]) => [...flat(each, path ? `${path}.${name}` : name, depth + 1)]),
  );
}

function written(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
