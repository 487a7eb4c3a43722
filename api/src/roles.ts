import { InfrError } from "./errors.ts";

/** What somebody can be in an account. In his own, everybody is the owner. */
export const ROLES = ["owner", "admin", "billing", "member"] as const;
export type Role = (typeof ROLES)[number];

type Rule = { roles: readonly Role[]; does: string };

/**
 * Who may do what in an account: the only place that says it. Every route that acts for an account names one of these, and
 * `docs/teams.md` shows the same table, checked by a test.
 */
export const PERMISSIONS = {
  account: {
    roles: ["owner", "admin", "billing", "member"],
    does: "See the team, its people, projects and balance; one's own usage, keys and budgets",
  },
  requests: { roles: ["owner", "admin", "member"], does: "Spend: API keys of one's own, holds for jobs" },
  usage: { roles: ["owner", "admin", "billing"], does: "See everybody's usage, receipts and budgets" },
  budgets: { roles: ["owner", "admin", "billing"], does: "Set and remove budgets" },
  funding: { roles: ["owner", "admin", "billing"], does: "Deposits, cards, recharging, plans, redeeming gift codes" },
  sharing: { roles: ["owner", "admin", "billing"], does: "Transfers and gift codes out of the balance" },
  statements: { roles: ["owner", "admin", "billing"], does: "Statements, ledger entries, proofs" },
  earnings: { roles: ["owner", "admin", "billing"], does: "Earnings, payouts and referrals" },
  keys: { roles: ["owner", "admin"], does: "See, change and end everybody's API keys; management keys" },
  projects: { roles: ["owner", "admin"], does: "Make and archive projects" },
  operation: { roles: ["owner", "admin"], does: "Nodes and webhooks" },
  members: { roles: ["owner", "admin"], does: "Invite and remove people, change their roles" },
  ownership: { roles: ["owner"], does: "Rename the team, hand it over" },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof PERMISSIONS;

export const may = (role: Role, permission: Permission): boolean =>
  (PERMISSIONS[permission].roles as readonly Role[]).includes(role);

export const permissionsOf = (role: Role): Permission[] =>
  (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => may(role, permission));

/** Somebody's role in the account does not allow it: HTTP 403, with the roles that do. */
export class RoleNeededError extends InfrError {
  readonly code = "role_needed";
  readonly status = 403;

  constructor(role: Role, permission: Permission) {
    const { roles } = PERMISSIONS[permission];
    super(`Your role in this account is ${role}; this needs ${listed(roles)}. Ask its owner or an admin.`);
  }
}

/** @throws RoleNeededError */
export function demand(role: Role, permission: Permission): void {
  if (!may(role, permission)) throw new RoleNeededError(role, permission);
}

const listed = (words: readonly string[]): string =>
  words.length === 1 ? String(words[0]) : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
