// The words of the pages before one is signed in: setup, sign-in, invites, password links.

import type { Role } from "@/lib/roles";

const asRole: Record<Role, string> = {
  guest: "a guest",
  user: "a user",
  power_user: "a power user",
  manager: "a Manager",
  admin: "an Admin",
};

export const text = {
  brand: "Bodhi",
  stepsLabel: "Steps",
  steps: ["Your account", "First provider", "Try it"],
  setupTitle: "Create the admin account",
  setupLead:
    "You are the first person here, so this account may do everything. People who join later can do only what you let them.",
  setupCode: "Setup code",
  setupCodeHint: "Bodhi printed it when it started. It proves that you run this server, and works once.",
  setupDone: "Bodhi is set up",
  setupDoneLead: "There is an Admin already, so this page has nothing left to do.",
  name: "Name",
  nameHint: "You sign in with it.",
  password: "Password",
  passwordWord: "password",
  passwordHint: (least: number, long: number) => `At least ${least} characters; ${long} or more are better.`,
  passwordShort: (missing: number) => `${missing} more ${missing === 1 ? "character" : "characters"}`,
  passwordEnough: "Enough, and longer is better",
  passwordLong: "Long enough",
  proceed: "Continue",
  or: "or",
  setupWith: (name: string) => `Continue with ${name}`,
  signInTitle: "Sign in",
  signIn: "Sign in",
  signInWith: (name: string) => `Sign in with ${name}`,
  forgotten: "Forgot your password? A Manager or Admin can give you a link to set a new one.",
  signedIn: "You are signed in",
  closeWindow: "You can close this window.",
  inviteTitle: "Create your account",
  inviteLead: (by: string, role: string, until: string) =>
    `${by} invites you as ${asRole[role as Role] ?? role}. The link works once, until ${until}.`,
  createAccount: "Create account",
  resetTitle: "Set a new password",
  resetLead: "All your sessions end, and you sign in with the new password.",
  newPassword: "New password",
  setPassword: "Set password",
  resetDone: (name: string) => `The password of ${name} is set.`,
  incomplete: "This link is not complete. Open it as it was sent, up to its last character.",
  toSignIn: "Go to sign-in",
} as const;
