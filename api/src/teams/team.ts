import { accountRef } from "@infr/protocol";
import { type Hex, zeroAddress } from "viem";
import { lockUser, waysIn } from "../auth/people-store.ts";
import { newSalt } from "../auth/tokens.ts";
import type { Sql, Tx } from "../db/types.ts";
import { InfrError, InvalidInputError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { demand, type Permission } from "../roles.ts";
import { countTeams, insertTeam, lockTeam, renameTeam, roleOf, type TeamRow } from "./store.ts";

const MAX_TEAMS = 20;
const MAX_NAME = 64;

/** What a team depends on. */
export type TeamContext = {
  sql: Sql;
  /** Whether there is a contract at an address, which may sign by ERC-1271. */
  isContract: (address: Hex) => Promise<boolean>;
  /** Contracts that sign nothing. */
  ours: readonly Hex[];
  /** Who owns accounts in the contract for people without a wallet; lower-case. */
  custodian: Hex | null;
};

/** Who does something in a team. */
export type Doer = { accountId: string; userId: string };

/** The team's state does not allow it: HTTP 409. */
export class TeamStateError extends InfrError {
  readonly code = "team_state";
  readonly status = 409;
}

/**
 * Makes a team with an account of its own; who makes it is its owner. In the contract the account is the custodian's unless
 * a wallet or a Safe is named, whose signature then moves its credit. Its ref, and so its deposit address, is known at once.
 * @throws InvalidInputError, TeamStateError
 */
export async function createTeam(
  context: TeamContext,
  { userId, name: text, owner: named }: { userId: string; name: string; owner: Hex | null },
): Promise<string> {
  const { sql, custodian } = context;
  const name = nameOf(text);
  const owner = named === null ? (custodian ?? (await firstWallet(sql, userId))) : named.toLowerCase();
  if (named !== null) await checkOwner(context, { userId, owner: named.toLowerCase() as Hex });
  const salt = newSalt();
  const accountId = newId("acct");
  await sql.begin(async (tx) => {
    await lockUser(tx, userId);
    if ((await countTeams(tx, userId)) >= MAX_TEAMS) {
      throw new TeamStateError(`One person makes at most ${MAX_TEAMS} teams. Use projects inside a team.`);
    }
    await insertTeam(tx, { accountId, userId, name, owner, salt, ref: accountRef({ owner: owner as Hex, salt }) });
  });
  return accountId;
}

async function firstWallet(sql: Sql, userId: string): Promise<string> {
  const [wallet] = (await waysIn(sql, userId)).wallets;
  if (!wallet) throw new InvalidInputError("There is no custodian here: link a wallet that owns the team.", "owner");
  return wallet.address;
}

/** Credit of an account that nobody can sign for is lost: an owner is a wallet of the maker's, or a contract that can sign. */
async function checkOwner(
  { sql, isContract, ours }: TeamContext,
  { userId, owner }: { userId: string; owner: Hex },
): Promise<void> {
  const { wallets } = await waysIn(sql, userId);
  const isTheirs = wallets.some(({ address }) => address === owner);
  const isOurs = [zeroAddress, ...ours].some((address) => address.toLowerCase() === owner);
  if (isOurs || !(isTheirs || (await isContract(owner)))) {
    throw new InvalidInputError(
      "owner has to be a wallet that is linked to you, or a Safe that is deployed on this chain.",
      "owner",
    );
  }
}

export function nameOf(text: string): string {
  const name = text.trim().replace(/\s+/g, " ");
  if (name === "" || name.length > MAX_NAME) {
    throw new InvalidInputError(`name has to have 1 to ${MAX_NAME} characters.`, "name");
  }
  return name;
}

/** Gives a team another name. @throws InvalidInputError, RoleNeededError, NotFoundError */
export async function changeName(sql: Sql, { name, ...doer }: Doer & { name: string }): Promise<void> {
  await sql.begin(async (tx) => {
    await lockFor(tx, { ...doer, permission: "ownership" });
    await renameTeam(tx, { accountId: doer.accountId, name: nameOf(name) });
  });
}

/**
 * Locks a team for a change by somebody whose role, as it is under the lock, allows it: changes of people come one after
 * another, so nobody acts by a role that is being taken from him.
 * @throws RoleNeededError, NotFoundError
 */
export async function lockFor(tx: Tx, { permission, ...doer }: Doer & { permission: Permission }): Promise<TeamRow> {
  const team = await lockTeam(tx, doer.accountId);
  const role = await roleOf(tx, doer);
  if (!team || role === null) throw new NotFoundError("team");
  demand(role, permission);
  return team;
}
