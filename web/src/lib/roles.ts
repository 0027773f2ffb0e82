// Roles in their order, and what each may do, in words. The gateway decides; this only hides what it would refuse.

export const ROLES = ["guest", "user", "power_user", "manager", "admin"] as const;
export type Role = (typeof ROLES)[number];

export const roleNames: Record<Role, string> = {
  guest: "Guest",
  user: "User",
  power_user: "Power user",
  manager: "Manager",
  admin: "Admin",
};

export const roleRights: Record<Role, string> = {
  guest: "Can sign in and ask for access, nothing else.",
  user: "Can chat, make API tokens and see their own usage.",
  power_user: "Can also add, change and delete API models, and see everybody's usage.",
  manager: "Can also invite people, change roles up to Manager and revoke tokens.",
  admin: "Can do everything: Admins, audit trail, captures, keys and settings.",
};

/** Whether a role includes another one. */
export function atLeast(role: string, least: Role): boolean {
  return ROLES.indexOf(role as Role) >= ROLES.indexOf(least);
}
