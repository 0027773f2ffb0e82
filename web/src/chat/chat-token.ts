// The page's short-lived token for model calls: in memory only, renewed before it ends, dropped when it is refused.

export interface Minted {
  token: string;
  expires_at: string;
}

export interface ChatToken {
  get: () => Promise<string>;
  /** Forget a token that was refused, unless a newer one is here already. */
  drop: (token: string) => void;
}

/** How long before its end a token is renewed, in milliseconds. */
const EARLY = 60_000;

export function newChatToken(mint: () => Promise<Minted>, now: () => number = Date.now): ChatToken {
  let held: { token: string; until: number } | null = null;
  let pending: Promise<string> | null = null;
  const renew = async () => {
    const minted = await mint();
    held = { token: minted.token, until: Date.parse(minted.expires_at) - EARLY };
    return minted.token;
  };
  return {
    get: () => {
      if (held && held.until > now()) return Promise.resolve(held.token);
      pending ??= renew().finally(() => {
        pending = null;
      });
      return pending;
    },
    drop: (token) => {
      if (held?.token === token) held = null;
    },
  };
}
