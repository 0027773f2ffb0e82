// A conversation as a tree: an edit or another try is one more child. What is read is the path to one leaf.
import type { Message, Turn } from "@/chat/types";

export interface Tree {
  byId: ReadonlyMap<string, Message>;
  /** Ids below each message, oldest first; those at the beginning are below the empty string. */
  children: ReadonlyMap<string, readonly string[]>;
}

export function treeOf(messages: readonly Message[]): Tree {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const children = new Map<string, string[]>();
  for (const message of messages) {
    const parent = message.parent_id !== null && byId.has(message.parent_id) ? message.parent_id : "";
    const listed = children.get(parent);
    if (listed) listed.push(message.id);
    else children.set(parent, [message.id]);
  }
  return { byId, children };
}

/** The messages from the first to a leaf; without a leaf, to the newest one. */
export function pathTo(tree: Tree, leaf: string | null): Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  let id = leaf !== null && tree.byId.has(leaf) ? leaf : newestLeaf(tree, "");
  while (id !== null && !seen.has(id)) {
    const message = tree.byId.get(id);
    if (!message) break;
    seen.add(id);
    path.push(message);
    id = message.parent_id;
  }
  return path.reverse();
}

/** The leaf that is reached by always taking the newest child. */
export function newestLeaf(tree: Tree, from: string): string | null {
  let id = from;
  const seen = new Set<string>();
  for (;;) {
    const next = tree.children.get(id)?.at(-1);
    if (next === undefined || seen.has(next)) return id || null;
    seen.add(next);
    id = next;
  }
}

export interface Place {
  position: number;
  ids: readonly string[];
}

/** Where a message stands among its siblings. */
export function placeOf(tree: Tree, message: Message): Place {
  const parent = message.parent_id !== null && tree.byId.has(message.parent_id) ? message.parent_id : "";
  const ids = tree.children.get(parent) ?? [message.id];
  return { position: Math.max(ids.indexOf(message.id), 0), ids };
}

/** What is sent of a path: every turn that says something. */
export function turnsOf(path: readonly Message[]): Turn[] {
  return path
    .map(({ role, content }) => ({
      role,
      text: content.text ?? "",
      // Pictures that a model made are not sent back: only questions may hold them in every dialect.
      attachments: role === "user" ? (content.attachments ?? []) : [],
    }))
    .filter((turn) => turn.text.trim() !== "" || turn.attachments.length > 0);
}

/** A message in place of the one with its id, or after all others. */
export function withMessage(messages: readonly Message[], message: Message): Message[] {
  const index = messages.findIndex((each) => each.id === message.id);
  return index < 0 ? [...messages, message] : messages.with(index, message);
}
