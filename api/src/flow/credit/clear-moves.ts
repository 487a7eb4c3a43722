import type { Address, Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Signer } from "../../chain/signers/signer.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { endMove, lockUncleared, setCleared, type UnclearedRow, unclearedMoves } from "./clearing-store.ts";
import { clearersTypedData, moveCall, ownersTypedData, termsOf } from "./move-order.ts";
import type { Terms } from "./moves-store.ts";
import { readOwner } from "./read-owner.ts";

const MAX_MOVES = 100;
const NANO_PER_MICRO = 1_000n;

export type Clearing = {
  sql: Sql;
  chain: Chain;
  clearer: Signer;
  /** Signs for accounts whose users have no wallet; null where there are none. */
  custodian: Signer | null;
  /** Signs for account 1, the platform's; null where card credit stays platform-funded. */
  platform: Signer | null;
  relayer: Address;
};

/**
 * Clears signed moves whose amount is set aside, and queues them: of each account one at a time, in the order of their
 * nonces. What can't come any more ends here: nobody has the clearer's signature yet, so what it held is free at once.
 */
export async function clearMoves(context: Clearing): Promise<void> {
  for (const row of await unclearedMoves(context.sql, MAX_MOVES)) await clear(context, row);
}

async function clear(context: Clearing, row: UnclearedRow): Promise<void> {
  const { sql, chain } = context;
  const terms = termsOf(row);
  if (!terms || (row.signature === null && !row.is_custodial))
    throw new Error(`${row.move_id} was submitted without what was signed`);
  const reason = obstacleOf(row, terms);
  if (reason !== null) return void (await endMove(sql, { moveId: row.move_id, state: "failed", reason }));
  const { owner, nonce } = await readOwner(chain, terms.fromNumber);
  if (nonce > terms.nonce) {
    const used = "Another operation of this account used up its nonce. Ask for it again.";
    await endMove(sql, { moveId: row.move_id, state: "failed", reason: used });
  } else if (nonce === terms.nonce) {
    const signature = row.signature ?? (await signForUser(context, { row, terms, owner }));
    if (signature !== null) await send(context, { row, terms, signature });
  }
  // Else the one before it has to be mined first; if that never is, this one lapses.
}

/** Why a signed move must not be cleared. */
function obstacleOf(row: UnclearedRow, terms: Terms): string | null {
  if (row.is_frozen) return "An account that it is between was frozen.";
  if (row.held_nano !== row.amount_micro * NANO_PER_MICRO) return "Its amount is not set aside.";
  if (row.is_key_used) return "There was a voucher under this key before.";
  // A reorganisation took the opening away: the number is somebody else's by now, or will be.
  const isSame = row.kind !== "transfer" || row.recipient_number === BigInt(terms.toNumber);
  if (row.sender_number !== BigInt(terms.fromNumber) || !isSame)
    return "The numbers that were signed are no longer those of the accounts. Ask for it again.";
  return null;
}

/** The signature of whoever signs for an account's owner here: the custodian, or the platform. Null: another worker does. */
async function signForUser(
  { chain, custodian, platform }: Clearing,
  { row, terms, owner }: { row: UnclearedRow; terms: Terms; owner: Address },
): Promise<Hex | null> {
  const signer = [custodian, platform].find((one) => one?.address === owner);
  return (await signer?.signTypedData(ownersTypedData(chain, row, terms))) ?? null;
}

async function send(
  { sql, chain, clearer, relayer }: Clearing,
  { row, terms, signature }: { row: UnclearedRow; terms: Terms; signature: Hex },
): Promise<void> {
  const block = await chain.client.getBlockNumber({ cacheTime: 0 });
  const clearance = await clearer.signTypedData(clearersTypedData(chain, row, terms));
  await sql.begin(async (tx) => {
    if (!(await lockUncleared(tx, row.move_id))) return;
    const { transaction_id: transactionId } = await queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId: row.account_id,
      kind: "move",
      cause: `move:${row.move_id}`,
      sender: relayer,
      target: chain.escrow,
      data: moveCall(row, { terms, signature, clearance }),
    });
    await setCleared(tx, { moveId: row.move_id, transactionId, block });
  });
}
