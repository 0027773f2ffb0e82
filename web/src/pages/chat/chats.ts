// Chats as the gateway keeps them: the list in pages, one whole chat, and what changes them.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
import { runOf } from "@/chat/running";
import { forget, isUnsaved, save } from "@/chat/saving";
import { readMessage } from "@/chat/stored";
import type { ChatFile } from "@/chat/transfer";
import { withMessage } from "@/chat/tree";
import type { Content, Message } from "@/chat/types";
import { newId } from "@/chat/ulid";

export interface ChatRow {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
}

export interface Chat extends ChatRow {
  settings: Record<string, unknown>;
  leaf_id: string | null;
  messages: Message[];
}

const PAGE = 50;
const KEPT_ALIVE = 8_000;

export const chatsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ["chats", search],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam }) =>
      await call(
        api.GET("/bodhi/v1/chats", {
          params: { query: { limit: PAGE, search: search || undefined, cursor: pageParam ?? undefined } },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
    // What was found before stays until what was typed is found.
    placeholderData: (before) => before,
  });

export const chatQuery = (id: string) =>
  queryOptions({
    queryKey: ["chat", id],
    // What one types here must not be overtaken by what the gateway had before.
    refetchOnWindowFocus: false,
    queryFn: async (): Promise<Chat> => {
      const kept = cached(id);
      if (kept && busy(id)) return kept;
      const read = await call(api.GET("/bodhi/v1/chats/{chat_id}", { params: { path: { chat_id: id } } }));
      const now = cached(id);
      if (now && busy(id)) return now;
      return { ...read, messages: read.messages.map(readMessage).filter((each) => each !== undefined) };
    },
  });

const busy = (id: string) => isUnsaved(id) || runOf(id) !== undefined;

export function cached(id: string): Chat | undefined {
  return queryClient.getQueryData(chatQuery(id).queryKey);
}

function change(id: string, to: (chat: Chat) => Chat): void {
  const chat = cached(id);
  if (chat) queryClient.setQueryData(chatQuery(id).queryKey, to(chat));
}

const listChanged = () => queryClient.invalidateQueries({ queryKey: ["chats"] });

/** Begin a chat with its first question. */
export function beginChat(title: string, settings: Record<string, unknown>, first: Message): Chat {
  const now = first.created_at;
  const chat: Chat = {
    id: newId(),
    title,
    settings,
    leaf_id: first.id,
    created_at: now,
    updated_at: now,
    messages: [first],
  };
  queryClient.setQueryData(chatQuery(chat.id).queryKey, chat);
  save(chat.id, async () => {
    const { id, leaf_id, messages } = chat;
    await call(api.POST("/bodhi/v1/chats", { body: { id, title, settings, leaf_id, messages: messages.map(plain) } }));
    await listChanged();
  });
  return chat;
}

/** Put a message into a chat, or in place of the one with its id. With `leaf`, it is the last of what is read. */
export function putMessage(chat: string, message: Message, leaf: boolean): void {
  change(chat, (now) => ({
    ...now,
    leaf_id: leaf ? message.id : now.leaf_id,
    messages: withMessage(now.messages, message),
  }));
  const { id, role, parent_id, content } = plain(message);
  save(chat, async () => {
    await call(
      api.PUT("/bodhi/v1/chats/{chat_id}/messages/{message_id}", {
        params: { path: { chat_id: chat, message_id: id } },
        body: { role, parent_id, content, leaf },
        // Whoever leaves the page right after an answer keeps it; browsers allow that for little bodies alone.
        keepalive: content.text.length < KEPT_ALIVE && !content.attachments,
      }),
    );
    await listChanged();
  });
}

/** Change what is kept beside the messages. */
export function patchChat(id: string, fields: Partial<Pick<Chat, "title" | "settings" | "leaf_id">>): void {
  change(id, (now) => ({ ...now, ...fields }));
  save(id, async () => {
    await call(api.PATCH("/bodhi/v1/chats/{chat_id}", { params: { path: { chat_id: id } }, body: fields }));
    if (fields.title !== undefined) await listChanged();
  });
}

/** Look at another leaf for now; it is kept with the next message. */
export function lookAt(id: string, leaf: string): void {
  change(id, (now) => ({ ...now, leaf_id: leaf }));
}

export async function deleteChat(id: string): Promise<void> {
  runOf(id)?.stop();
  forget(id);
  await call(api.DELETE("/bodhi/v1/chats/{chat_id}", { params: { path: { chat_id: id } } }));
  // What a stopped answer wanted to keep has no place any more.
  forget(id);
  queryClient.removeQueries({ queryKey: ["chat", id] });
  await listChanged();
}

export async function importChat(file: ChatFile): Promise<string> {
  const { title, settings, leaf_id, messages } = file;
  const body = { title, settings, leaf_id, messages: messages.map(plain) };
  const made = await call(api.POST("/bodhi/v1/chats", { body }));
  await listChanged();
  return made.id;
}

interface Plain extends Omit<Message, "content"> {
  content: Content & Record<string, unknown>;
}

/** A message as the gateway takes it: an object of any members. */
function plain({ id, parent_id, role, content, created_at }: Message): Plain {
  return { id, parent_id, role, content: { ...content }, created_at };
}
