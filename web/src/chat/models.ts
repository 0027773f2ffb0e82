// Which models a chat offers: the stored ones, grouped by API model, without those that do not chat. No provider is asked.
import type { Schemas } from "@/api/client";

export type ApiModel = Schemas["ApiModelShown"];

export interface Choice {
  /** What is kept among favourites: the client's id and the API model behind it. */
  key: string;
  /** What a request names. */
  id: string;
  apiModelId: string;
  apiModelName: string;
  format: string;
  broken: string | null;
}

export interface Group {
  apiModelId: string;
  name: string;
  broken: string | null;
  /** Every model behind this prefix is passed on. */
  forwards: string | null;
  choices: Choice[];
}

/** Names by which providers call what does not chat. */
const NOT_CHATTING = [
  /embed/, /(^|[-_/])(bge|gte|e5|minilm)([-_.]|$)/, /rerank/, /moderation/, /(^|[-_/])(guard|shieldgemma)/,
  /whisper/, /transcribe/, /(^|[-_/])tts([-_]|$)/, /speech/, /realtime/, /(^|[-_/])(dall-e|imagen|sora|veo|flux)/,
  /stable-diffusion/, /sdxl/, /gpt-image/, /(^|[-_/])aqa$/,
]; // biome-ignore format: a table reads better on few lines.

export function chats(model: string): boolean {
  const name = model.toLowerCase();
  return !NOT_CHATTING.some((pattern) => pattern.test(name));
}

export function keyOf(id: string, apiModelId: string): string {
  return `${id}@${apiModelId}`;
}

/** The two parts of a key. Model ids may hold an @, ids of API models never do. */
export function readKey(key: string): { id: string; apiModelId: string } {
  const cut = key.lastIndexOf("@");
  return cut < 0 ? { id: key, apiModelId: "" } : { id: key.slice(0, cut), apiModelId: key.slice(cut + 1) };
}

export function choiceOf(apiModel: ApiModel, id: string): Choice {
  return {
    key: keyOf(id, apiModel.id),
    id,
    apiModelId: apiModel.id,
    apiModelName: apiModel.name,
    format: apiModel.format,
    broken: apiModel.broken,
  };
}

export function groupsOf(apiModels: readonly ApiModel[]): Group[] {
  return apiModels
    .map((each) => ({
      apiModelId: each.id,
      name: each.name,
      broken: each.broken,
      forwards: each.forward_all ? each.prefix : null,
      choices: each.models.filter(chats).map((model) => choiceOf(each, each.prefix + model)),
    }))
    .filter((group) => group.choices.length > 0 || group.forwards !== null)
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** Narrow the groups to what holds the typed text, and add what forwarding API models make of it. */
export function search(groups: readonly Group[], typed: string): Group[] {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [...groups];
  return groups
    .map((group) => {
      const whole = group.name.toLowerCase().includes(wanted);
      const choices = group.choices.filter((choice) => whole || choice.id.toLowerCase().includes(wanted));
      return { ...group, choices };
    })
    .filter((group) => group.choices.length > 0);
}

/** The choice that a typed id makes: a listed model, or whatever a forwarding API model passes on. */
export function findChoice(apiModels: readonly ApiModel[], id: string, apiModelId?: string): Choice | undefined {
  const listed = apiModels.filter((each) => each.models.some((model) => each.prefix + model === id));
  const forwarding = apiModels
    .filter((each) => each.forward_all && id.length > each.prefix.length && id.startsWith(each.prefix))
    .sort((one, other) => other.prefix.length - one.prefix.length);
  const able = [...listed, ...forwarding];
  const found = apiModelId ? able.find((each) => each.id === apiModelId) : able[0];
  return found && choiceOf(found, id);
}
