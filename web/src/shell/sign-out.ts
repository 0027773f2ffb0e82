// Ends the session and forgets what it showed.
import { api, call } from "@/api/client";
import { arm } from "@/api/gate";

export async function signOut(): Promise<void> {
  arm(false);
  await call(api.DELETE("/bodhi/v1/session")).catch(() => undefined);
  // A fresh page: nothing of the session stays in memory.
  location.assign("/ui/sign-in/");
}
