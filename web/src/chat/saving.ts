// Saving in order: each chat has a queue, since a message can only follow one that is there. What failed stays and is tried
// again when asked to. What is saved, and how, is the page's.

type Job = () => Promise<unknown>;

interface Queue {
  jobs: Job[];
  running: boolean;
  failed: boolean;
}

const queues = new Map<string, Queue>();
const listeners = new Set<() => void>();

/** Save something of a chat, after all that was to be saved before. */
export function save(chat: string, job: Job): void {
  const queue = queues.get(chat) ?? { jobs: [], running: false, failed: false };
  queues.set(chat, queue);
  queue.jobs.push(job);
  if (!queue.running && !queue.failed) void work(chat, queue);
}

/** Try again what failed. */
export function saveAgain(chat: string): void {
  const queue = queues.get(chat);
  if (queue && !queue.running) void work(chat, queue);
}

/** Forget what is still to be saved of a chat that is gone. */
export function forget(chat: string): void {
  queues.delete(chat);
  tell();
}

export function isUnsaved(chat: string): boolean {
  return queues.has(chat);
}

export function hasFailed(chat: string): boolean {
  return queues.get(chat)?.failed ?? false;
}

export function subscribeToSaving(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function work(chat: string, queue: Queue): Promise<void> {
  queue.running = true;
  queue.failed = false;
  tell();
  for (let job = queue.jobs[0]; job && queues.get(chat) === queue; job = queue.jobs[0]) {
    try {
      await job();
    } catch {
      queue.failed = true;
      break;
    }
    queue.jobs.shift();
  }
  queue.running = false;
  if (!queue.failed && queues.get(chat) === queue) queues.delete(chat);
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

// Somebody who leaves while something is unsaved is asked whether they mean it.
globalThis.addEventListener?.("beforeunload", (event) => {
  if (queues.size) event.preventDefault();
});
