// What one does in a chat: ask, ask again, edit, stop, look at another branch.
import { useNavigate } from "@tanstack/react-router";
import { api, call } from "@/api/client";
import { meQuery, queryClient } from "@/api/queries";
import { newChatToken } from "@/chat/chat-token";
import { type Outgoing, writeRequest } from "@/chat/dialects";
import type { Ask } from "@/chat/dialects/contract";
import type { Choice } from "@/chat/models";
import { recordOf } from "@/chat/record";
import { start } from "@/chat/running";
import { titleOf } from "@/chat/transfer";
import { newestLeaf, pathTo, treeOf, turnsOf } from "@/chat/tree";
import type { Attachment, Content, Message, Turn } from "@/chat/types";
import { newId } from "@/chat/ulid";
import { changePreferences, preferencesQuery } from "@/lib/preferences";
import { beginChat, type Chat, cached, lookAt, patchChat, putMessage } from "@/pages/chat/chats";
import type { ChatView } from "@/pages/chat/use-chat";

const token = newChatToken(() => call(api.POST("/bodhi/v1/session/chat-token")));
const MAX_RECENT = 5;

export interface Asking {
  /** Whether it can be asked now; otherwise a model has to be chosen first. */
  able: boolean;
  send: (text: string, attachments: Attachment[]) => void;
  /** Ask once more, where an answer stands or should stand. */
  again: (message: Message) => void;
  edit: (message: Message, text: string) => void;
  stop: () => void;
  /** Look at another of the versions of a message. */
  turnTo: (messageId: string) => void;
}

/** Write the request that a conversation makes. */
export function requestOf(view: ChatView, turns: readonly Turn[]): Outgoing | undefined {
  const { choice, format, dialect, settings, apiModels } = view;
  if (!choice || !format || !dialect) return undefined;
  const apiModel = apiModels?.find((each) => each.id === choice.apiModelId);
  const ask: Ask = {
    model: choice.id,
    turns,
    settings,
    origin: originOf(apiModel?.base_url ?? ""),
    defaults: Object.keys(apiModel?.extra_body ?? {}),
  };
  return writeRequest(format, dialect, ask);
}

export function useAsking(view: ChatView): Asking {
  const navigate = useNavigate();
  const { choice, dialect, run, chat } = view;
  const able = choice !== undefined && dialect !== undefined && !choice.broken;

  const answer = (now: Chat, question: Message, messageId = newId()) => {
    const outgoing = requestOf(view, turnsOf(pathTo(treeOf(now.messages), question.id)));
    if (!choice || !dialect || !outgoing) return;
    remember(choice);
    const about = {
      model: choice.id,
      api_model_id: choice.apiModelId,
      api_model_name: choice.apiModelName,
      format: choice.format,
    };
    start(now.id, {
      messageId,
      parentId: question.id,
      dialect,
      outgoing,
      token,
      about,
      onEnd: (content) => void keep(now.id, messageId, question.id, content),
    });
  };

  const ask = (parent: string | null, text: string, attachments: Attachment[]) => {
    if (!able || run || !choice) return;
    const question: Message = {
      id: newId(),
      parent_id: parent,
      role: "user",
      content: attachments.length ? { text, attachments } : { text },
      created_at: new Date().toISOString(),
    };
    if (chat) {
      putMessage(chat.id, question, true);
      const now = cached(chat.id);
      if (now) answer(now, question);
      return;
    }
    const names = attachments.map((each) => each.name);
    const model = { model: choice.id, api_model_id: choice.apiModelId, api_model_name: choice.apiModelName };
    const begun = beginChat(titleOf(text, names), { ...view.settings, ...model }, question);
    answer(begun, question);
    void navigate({ to: "/chat/", search: { chat: begun.id }, replace: true });
  };

  return {
    able,
    send: (text, attachments) => ask(view.path.at(-1)?.id ?? null, text, attachments),
    edit: (message, text) => ask(message.parent_id, text, message.content.attachments ?? []),
    again: (message) => {
      if (!chat || !able || run) return;
      const question = message.role === "user" ? message : view.tree.byId.get(message.parent_id ?? "");
      if (!question) return;
      lookAt(chat.id, question.id);
      // A try that brought nothing is replaced; anything else stays as another version.
      const failed = message.role === "assistant" && message.content.error && !message.content.text;
      answer(chat, question, failed ? message.id : undefined);
    },
    stop: () => run?.stop(),
    turnTo: (id) => {
      if (!chat) return;
      patchChat(chat.id, { leaf_id: newestLeaf(view.tree, id) });
    },
  };
}

/** Keep an answer, and what it cost as soon as that is known. */
async function keep(chat: string, id: string, parent: string, content: Content): Promise<void> {
  const message: Message = {
    id,
    parent_id: parent,
    role: "assistant",
    content,
    created_at: new Date().toISOString(),
  };
  // Somebody may look at another branch by now.
  const leaf = () => [parent, id].includes(cached(chat)?.leaf_id ?? "");
  if (!cached(chat)) return;
  putMessage(chat, message, leaf());
  const callId = content.call_id;
  if (!callId) return;
  const record = await recordOf(() => findCall(callId, content.model));
  if (!record || !cached(chat)) return;
  const usage = {
    ...content.usage,
    ...(record.input_tokens === null ? {} : { input: record.input_tokens }),
    ...(record.output_tokens === null ? {} : { output: record.output_tokens }),
    ...(record.cached_tokens === null ? {} : { cached: record.cached_tokens }),
    ...(record.reasoning_tokens === null ? {} : { reasoning: record.reasoning_tokens }),
  };
  putMessage(chat, { ...message, content: { ...content, usage, cost_usd: record.cost_usd } }, leaf());
}

/** Find a call among one's last ones: asking for a record that is not written yet would be an error. */
async function findCall(id: string, model: string | undefined) {
  const user_id = queryClient.getQueryData(meQuery.queryKey)?.user_id;
  const page = await call(api.GET("/bodhi/v1/usage", { params: { query: { user_id, model, limit: 20 } } }));
  return page.data.find((each) => each.id === id);
}

function remember(choice: Choice): void {
  const preferences = queryClient.getQueryData(preferencesQuery.queryKey);
  if (!preferences || preferences.recent[0] === choice.key) return;
  const recent = [choice.key, ...preferences.recent.filter((key) => key !== choice.key)].slice(0, MAX_RECENT);
  // What was used last is a convenience; a chat does not fail for it.
  void changePreferences({ recent }).catch(() => undefined);
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return "";
  }
}
