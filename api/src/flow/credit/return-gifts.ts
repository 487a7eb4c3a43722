import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, encodeFunctionData, type Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { NotFoundError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { lockBalances } from "../../ledger/store.ts";
import { endMove } from "./clearing-store.ts";
import { lapsedGifts, lockActive, releaseRefused, setClosing, setRevoked } from "./gifts-store.ts";
import { GiftNotActiveError } from "./move-errors.ts";
import { checkRole, type MoveContext, type Sharer } from "./move-rules.ts";
import { type MoveRow, moveOf } from "./moves-store.ts";
import { readOwner } from "./read-owner.ts";

const MAX_GIFTS = 100;

/** A gift, or credit for an e-mail address, that is called back, and the call by which its owner's wallet gets it back before it expires. */
export type Revoked = { row: MoveRow; call: { to: Address; data: Hex } | null };

/**
 * Calls a gift back, or credit that waits for an e-mail address: from now on it can't be redeemed here. The contract gives
 * it back before its time to its owner alone, so his wallet has to send the call; the custodian's accounts get it back at
 * once; everybody after it has expired. What nobody has signed yet just ends.
 * @throws NotFoundError, GiftNotActiveError, MoveRefusedError
 */
export async function revokeGift(
  context: MoveContext,
  { moveId, isGift, ...sharer }: Sharer & { moveId: string; isGift: boolean },
): Promise<Revoked> {
  const { sql, chain } = context;
  const id = { moveId, accountId: sharer.accountId };
  const row = await moveOf(sql, id);
  if (!row || (row.kind === "gift") !== isGift) throw new NotFoundError(isGift ? "gift" : "transfer");
  await checkRole(sql, sharer);
  // A wallet's account never becomes the custodian's: its gift is called back while the chain does not answer.
  const custodian = row.state === "active" && row.is_custodial ? await custodianOf(context, row) : null;
  if (row.state === "awaiting_signature") await sql.begin((tx) => endUnsigned(tx, id));
  else if (row.state === "active")
    await sql.begin(async (tx) => {
      if (!(await setRevoked(tx, row.move_id))) throw new GiftNotActiveError("being redeemed");
      if (custodian !== null && (await lockActive(tx, row.move_id)))
        await queueReclaim(tx, { chain, sender: custodian, row });
    });
  else if (row.state !== "revoked") throw new GiftNotActiveError(row.state);
  const now = (await moveOf(sql, id)) ?? row;
  const isOwners = now.state === "active" && custodian === null;
  return { row: now, call: isOwners ? { to: chain.escrow, data: reclaimCall(row) } : null };
}

/** The custodian, if he owns the giver's account now: it may have been handed over to a wallet since the gift was made. */
async function custodianOf({ chain, custodian }: MoveContext, row: MoveRow): Promise<Address | null> {
  if (row.from_number === null) throw new Error(`${row.move_id} is active and has no sender`);
  const { owner } = await readOwner(chain, Number(row.from_number));
  return owner.toLowerCase() === custodian ? custodian : null;
}

/** Under the account's lock: what is signed meanwhile may be on its way to the chain, and has to stay set aside. */
async function endUnsigned(tx: Tx, id: { moveId: string; accountId: string }): Promise<void> {
  await lockBalances(tx, [id.accountId]);
  const row = await moveOf(tx, id);
  if (row?.state !== "awaiting_signature") throw new GiftNotActiveError(row?.state ?? "gone");
  const reason = "It was called back before it was signed.";
  await endMove(tx, { moveId: id.moveId, state: "expired", reason });
}

/** Sends back what nobody has redeemed in time, without anybody asking for it, and tries again what the chain refused. */
export async function returnGifts({
  sql,
  chain,
  relayer,
}: {
  sql: Sql;
  chain: Chain;
  relayer: Address;
}): Promise<void> {
  await releaseRefused(sql);
  const { timestamp: now } = await chain.client.getBlock();
  for (const row of await lapsedGifts(sql, { now, limit: MAX_GIFTS }))
    await sql.begin(async (tx) => {
      if (await lockActive(tx, row.move_id)) await queueReclaim(tx, { chain, sender: relayer, row });
    });
}

async function queueReclaim(
  tx: Tx,
  { chain, sender, row }: { chain: Chain; sender: Address; row: MoveRow },
): Promise<void> {
  const transactionId = newId("tx");
  await queueTransaction(tx, {
    transactionId,
    accountId: row.account_id,
    kind: "reclaim",
    cause: `reclaim:${transactionId}`,
    sender,
    target: chain.escrow,
    data: reclaimCall(row),
  });
  await setClosing(tx, { moveId: row.move_id, transactionId });
}

function reclaimCall({ move_id: moveId, voucher_key: key }: MoveRow): Hex {
  if (key === null) throw new Error(`${moveId} has no voucher`);
  return encodeFunctionData({ abi: creditEscrowAbi, functionName: "reclaimVoucher", args: [key] });
}
