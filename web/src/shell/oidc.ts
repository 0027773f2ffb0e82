// Signing in at the identity provider, in this window or, where something typed would be lost, in one beside it.
import { useEffect } from "react";
import { api, call } from "@/api/client";

const CHANNEL = "bodhi.signed-in";

/** Go to the identity provider; the way back ends at the start page. */
export async function goToProvider(purpose: "sign_in" | "setup" | "confirm", code?: string): Promise<void> {
  const { url } = await call(api.POST("/bodhi/v1/oidc/start", { body: { purpose, code } }));
  location.assign(url);
}

/** The same in a window beside this one, opened at once so that no browser takes it for a pop-up. */
export async function goBeside(purpose: "sign_in" | "confirm"): Promise<void> {
  const beside = window.open("about:blank", "_blank", "width=520,height=720");
  try {
    const { url } = await call(api.POST("/bodhi/v1/oidc/start", { body: { purpose } }));
    if (beside) beside.location.href = url;
    else location.assign(url);
  } catch (error) {
    beside?.close();
    throw error;
  }
}

/** Tell other windows that somebody has just signed in or confirmed. */
export function announceSignIn(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(null);
  channel.close();
}

export function useSignInElsewhere(done: () => void): void {
  useEffect(() => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = done;
    return () => channel.close();
  }, [done]);
}
