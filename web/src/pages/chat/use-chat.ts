// What a chat page shows: the chat, the path that is read, its settings and model. What one can do with it is use-asking.ts.
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState, useSyncExternalStore } from "react";
import type { ApiError, Schemas } from "@/api/client";
import { apiModelsQuery, formatsQuery } from "@/api/queries";
import { dialectOf } from "@/chat/dialects";
import type { Dialect } from "@/chat/dialects/contract";
import { type ApiModel, type Choice, findChoice, groupsOf, readKey } from "@/chat/models";
import { type Run, runOf, subscribeToRuns } from "@/chat/running";
import { readSettings } from "@/chat/settings";
import { pathTo, type Tree, treeOf } from "@/chat/tree";
import type { Message, Settings } from "@/chat/types";
import { preferencesQuery } from "@/lib/preferences";
import { type Chat, chatQuery, patchChat } from "@/pages/chat/chats";

export interface Wanted {
  id: string;
  apiModelId: string;
}

export interface ChatView {
  id: string | undefined;
  chat: Chat | undefined;
  loading: boolean;
  /** Whether all is here that a question needs. */
  ready: boolean;
  error: ApiError | null;
  tree: Tree;
  path: Message[];
  run: Run | undefined;
  settings: Settings;
  apiModels: ApiModel[] | undefined;
  /** The model that answers, where there is one. */
  choice: Choice | undefined;
  /** The model that was chosen and is not there any more. */
  gone: Wanted | undefined;
  /** What could answer instead. */
  instead: Choice | undefined;
  format: Schemas["FormatShown"] | undefined;
  dialect: Dialect | undefined;
  choose: (choice: Choice) => void;
  change: (settings: Partial<Settings>) => void;
}

interface Fresh {
  settings?: Settings;
  model?: Wanted;
}

const NOTHING: readonly Message[] = [];

export function useChat(id: string | undefined, asked: Wanted | undefined): ChatView {
  const { data: apiModels, isPending: modelsPending } = useQuery(apiModelsQuery);
  const { data: formats, isPending: formatsPending } = useQuery(formatsQuery);
  const { data: preferences, isPending: preferencesPending } = useQuery(preferencesQuery);
  const query = useQuery({ ...chatQuery(id ?? ""), enabled: id !== undefined });
  const run = useSyncExternalStore(subscribeToRuns, () => (id ? runOf(id) : undefined));
  // What was set for a chat that is not begun yet.
  const [fresh, setFresh] = useState<Fresh>({});

  const chat = id ? query.data : undefined;
  const messages = chat?.messages ?? NOTHING;
  const tree = useMemo(() => treeOf(messages), [messages]);
  const leaf = chat?.leaf_id ?? null;
  const path = useMemo(() => pathTo(tree, leaf), [tree, leaf]);
  const kept = chat?.settings;
  const settings = useMemo(
    () => (kept ? readSettings(kept) : (fresh.settings ?? readSettings(preferences?.chat_settings))),
    [kept, fresh.settings, preferences?.chat_settings],
  );

  const { choice, gone, instead } = useMemo(() => {
    if (!apiModels) return {};
    const remembered = [preferences?.default_model, ...(preferences?.recent ?? [])]
      .filter((key) => typeof key === "string" && key !== "")
      .map((key) => readKey(key as string));
    const wanted = kept ? wantedOf(kept, path) : (fresh.model ?? asked);
    const found = wanted && findChoice(apiModels, wanted.id, wanted.apiModelId || undefined);
    const first = groupsOf(apiModels).find((group) => !group.broken && group.choices.length)?.choices[0];
    const known = remembered
      .map((each) => findChoice(apiModels, each.id, each.apiModelId || undefined))
      .find((each) => each !== undefined);
    if (wanted) {
      return found ? { choice: found } : { gone: wanted, instead: findChoice(apiModels, wanted.id) ?? known ?? first };
    }
    return { choice: known ?? first };
  }, [apiModels, preferences, kept, path, fresh.model, asked]);

  const format = formats?.find((each) => each.name === choice?.format);
  const dialect = useMemo(() => format && dialectOf(format), [format]);

  return {
    id,
    chat,
    loading: query.isPending && id !== undefined,
    ready: !modelsPending && !formatsPending && !preferencesPending && (id === undefined || chat !== undefined),
    error: id ? (query.error as ApiError | null) : null,
    tree,
    path,
    run,
    settings,
    apiModels,
    choice,
    gone,
    instead,
    format,
    dialect,
    choose: (next) => {
      const model = { model: next.id, api_model_id: next.apiModelId, api_model_name: next.apiModelName };
      if (chat) patchChat(chat.id, { settings: { ...chat.settings, ...model } });
      else setFresh((now) => ({ ...now, model: { id: next.id, apiModelId: next.apiModelId } }));
    },
    change: (changed) => {
      if (chat) patchChat(chat.id, { settings: { ...chat.settings, ...settings, ...changed } });
      else setFresh((now) => ({ ...now, settings: { ...settings, ...changed } }));
    },
  };
}

/** The model of a chat: the one that was set, else the one that answered last. */
function wantedOf(kept: Record<string, unknown>, path: readonly Message[]): Wanted | undefined {
  if (typeof kept.model === "string" && kept.model) {
    return { id: kept.model, apiModelId: typeof kept.api_model_id === "string" ? kept.api_model_id : "" };
  }
  const last = path.findLast((each) => each.content.model)?.content;
  return last?.model ? { id: last.model, apiModelId: last.api_model_id ?? "" } : undefined;
}
