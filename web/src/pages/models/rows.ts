// The list of the Models page as plain values: which rows the filters leave, what is shown of each, what deleting loses.
import type { ApiModel } from "./values";

export interface Filters {
  q?: string;
  format?: string;
  health?: string;
}

export type Health = "ok" | "failed" | "untested";

const SHOWN = 3;

export function healthOf(model: ApiModel): Health {
  if (model.broken) return "failed";
  return model.last_test === null ? "untested" : model.last_test.ok ? "ok" : "failed";
}

export function rowsOf(models: readonly ApiModel[], { q = "", format, health }: Filters): ApiModel[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => {
    if (format && model.format !== format) return false;
    if (health && healthOf(model) !== health) return false;
    const where = [model.name, model.prefix, model.base_url, ...clientIds(model)].join("\n").toLowerCase();
    return words.every((word) => where.includes(word));
  });
}

/** The ids that clients send. */
export function clientIds(model: ApiModel): string[] {
  return model.models.map((id) => model.prefix + id);
}

export function firstModels(model: ApiModel): { shown: string[]; more: string[] } {
  const ids = clientIds(model);
  return { shown: ids.slice(0, SHOWN), more: ids.slice(SHOWN) };
}

/** The ids that no other api model of the same format would still serve. */
export function lostIds(model: ApiModel, all: readonly ApiModel[]): string[] {
  const others = all.filter((each) => each.id !== model.id && each.format === model.format);
  const listed = new Set(others.flatMap(clientIds));
  const open = others.filter((each) => each.forward_all);
  return clientIds(model).filter((id) => !listed.has(id) && !open.some((each) => id.startsWith(each.prefix)));
}
