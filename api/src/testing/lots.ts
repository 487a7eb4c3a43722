import { randomBytes } from "node:crypto";
import { nanoUsd } from "@infr/money";
import type { Sql } from "../db/types.ts";
import { grantLot } from "../flow/credit/grant-lot.ts";
import { newId, timeOfId } from "../ids.ts";
import type { Batcher } from "../ledger/commit/batcher.ts";
import { bookEntries } from "../ledger/entries.ts";

/** An account with an owner who has a wallet, as signing in would make it. */
export async function openOwned(sql: Sql, { userId = newId("user") }: { userId?: string } = {}): Promise<string> {
  const hex = randomBytes(32).toString("hex");
  const accountId = newId("acct");
  const wallet = `0x${hex.slice(0, 40)}`;
  await sql.begin(async (tx) => {
    await tx`insert into users (user_id) values (${userId}) on conflict do nothing`;
    await tx`insert into wallets (address, user_id) values (${wallet}, ${userId})`;
    await tx`
      insert into accounts (account_id, kind, owner, salt, ref)
      values (${accountId}, 'personal', ${wallet}, ${`0x${"0".repeat(64)}`}, ${`0x${hex}`})`;
    await tx`insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'owner')`;
  });
  return accountId;
}

/**
 * Credit of account 1, as a deposit's event would book it: what platform-funded credit needs behind it. Below zero: taken
 * away.
 */
export async function coverLots(sql: Sql, nano: bigint): Promise<void> {
  const escrow = { book: "escrow", account: "" } as const;
  const credit = { book: "credit", account: "acct_platform" } as const;
  const entry =
    nano > 0n
      ? { debit: escrow, credit, amount: nanoUsd(nano) }
      : { debit: credit, credit: escrow, amount: nanoUsd(-nano) };
  await sql.begin((tx) => bookEntries(tx, { cause: `deposit:test:${newId("tx")}`, entries: [entry] }));
}

/** Platform-funded credit that never expires, with as much in account 1 behind it. */
export async function grantCredit(sql: Sql, accountId: string, nano: bigint): Promise<void> {
  await coverLots(sql, nano);
  const grant = { accountId, kind: "enterprise", cause: newId("lot"), amount: nanoUsd(nano), expiresAt: null } as const;
  await sql.begin((tx) => grantLot(tx, grant, new Date()));
}

/** A hold, as a request places it. @returns what it got, in nano-dollars: 0 if it was refused */
export async function holdNano(
  batcher: Batcher,
  { accountId, worst, requestId = newId("req") }: { accountId: string; worst: bigint; requestId?: string },
): Promise<{ requestId: string; granted: bigint }> {
  const asked = { requestId, accountId, worst: nanoUsd(worst), floor: nanoUsd(1n), subjects: [] };
  const { outcome, granted } = await batcher.hold(asked);
  return { requestId, granted: outcome === "held" ? (granted ?? 0n) : 0n };
}

/** A capture of so much, as a request that was answered is billed. */
export async function captureNano(
  batcher: Batcher,
  {
    accountId,
    operatorId,
    requestId,
    nano,
  }: { accountId: string; operatorId: string; requestId: string; nano: bigint },
): Promise<void> {
  const none = nanoUsd(0n);
  const { outcome } = await batcher.capture({
    requestId,
    accountId,
    startedAt: timeOfId(requestId),
    keyId: null,
    userId: null,
    model: "demo/large",
    nodeId: "node_1",
    operatorId,
    priceVersion: `0x${"1".repeat(64)}`,
    tokens: { prompt: 1, cached: 0, completion: 1, reasoning: 0 },
    cost: { prompt: nanoUsd(nano), cached: none, completion: none, reasoning: none },
    latencyMs: 5,
    status: "ok",
    usageSource: "node",
    receiptSalt: "00".repeat(32),
  });
  if (outcome !== "captured") throw new Error(`capture of ${requestId}: ${outcome}`);
}
