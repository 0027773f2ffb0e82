// What the pages wait for a person to do before a call can go on, and whether the gateway can be reached.
// The dialogs that ask are in shell/.

export type Question = "sign-in" | "confirm";

interface GateState {
  question: Question | null;
  offline: boolean;
}

let state: GateState = { question: null, offline: false };
let pending: { promise: Promise<boolean>; resolve: (done: boolean) => void } | null = null;
/** Before somebody is known to be signed in, a 401 is an answer and no question. */
let armed = false;
const listeners = new Set<() => void>();

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function gateState(): GateState {
  return state;
}

/** From now on a session that ended is asked for anew. */
export function arm(on: boolean): void {
  armed = on;
}

/** Ask, once for all calls that wait, and tell whether the call may be said again. */
export function ask(question: Question): Promise<boolean> {
  if (question === "sign-in" && !armed) return Promise.resolve(false);
  if (pending === null) {
    let resolve: (done: boolean) => void = () => {};
    const promise = new Promise<boolean>((done) => {
      resolve = done;
    });
    pending = { promise, resolve };
    change({ ...state, question });
  } else if (question === "sign-in" && state.question === "confirm") {
    change({ ...state, question });
  }
  return pending.promise;
}

export function answer(done: boolean): void {
  pending?.resolve(done);
  pending = null;
  change({ ...state, question: null });
}

export function setOffline(offline: boolean): void {
  if (state.offline !== offline) change({ ...state, offline });
}

function change(next: GateState): void {
  state = next;
  for (const listener of listeners) listener();
}
