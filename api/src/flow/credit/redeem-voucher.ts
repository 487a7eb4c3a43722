import { creditEscrowAbi } from "@infr/contracts/abi";
import { operationTypedData, type VoucherKey } from "@infr/protocol";
import { encodeFunctionData, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Tx } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { setClosing, takeGift } from "./gifts-store.ts";
import type { MoveContext } from "./move-rules.ts";
import { lastingNumber, type MoveRow, type RecipientRow } from "./moves-store.ts";
import { queueOpening } from "./queue-opening.ts";

/** How far a redemption has come. `opening`: the account has no lasting number yet; it has to be asked for once more. */
export type Redemption = { row: MoveRow; state: "opening" | "pending" | "redeemed" };

/** A voucher's row, its key, and the account that is to have it. */
export type Ready = { row: MoveRow; key: VoucherKey; account: RecipientRow };

/**
 * Redeems a voucher into an account, of whose right to it the caller is sure: of all who ask at once, one has it; asked
 * again by him, the answer is how far it has come. An account that has to be opened first keeps it for a while.
 * @returns null if it is somebody else's, or over
 */
export async function redeemVoucher(context: MoveContext, { row, key, account }: Ready): Promise<Redemption | null> {
  const { sql, chain } = context;
  const { timestamp: now } = await chain.client.getBlock();
  const number = await lastingNumber(sql, account.account_id);
  return sql.begin(async (tx) => {
    const taken = await takeGift(tx, { moveId: row.move_id, accountId: account.account_id, now });
    if (taken === "lost") return null;
    if (taken === "sent") return { row, state: row.state === "redeemed" ? "redeemed" : "pending" } as const;
    if (number === null) {
      if (account.chain_account === null) await queueOpening(tx, { ...context, account });
      return { row, state: "opening" } as const;
    }
    await queueRedemption(tx, context, { row, key, account, number });
    return { row, state: "pending" } as const;
  });
}

async function queueRedemption(
  tx: Tx,
  context: MoveContext,
  { row, key, account, number }: Ready & { number: number },
): Promise<void> {
  const { chain, relayer } = context;
  const data = await redeemCall(context, { row, key, to: number });
  const transactionId = newId("tx");
  await queueTransaction(tx, {
    transactionId,
    accountId: account.account_id,
    kind: "redeem",
    cause: `redeem:${transactionId}`,
    sender: relayer,
    target: chain.escrow,
    data,
  });
  await setClosing(tx, { moveId: row.move_id, transactionId });
}

/** Signed without asking anybody: what the voucher is was settled when its order was signed. */
async function redeemCall(
  { chain }: MoveContext,
  { row, key, to }: { row: MoveRow; key: VoucherKey; to: number },
): Promise<Hex> {
  if (row.from_number === null || row.expiry === null || row.nonce === null)
    throw new Error(`${row.move_id} is active without terms`);
  const holder = privateKeyToAccount(key.privateKey);
  const voucher = { from: Number(row.from_number), expiry: Number(row.expiry), nonce: row.nonce };
  const message = { key: holder.address, to, ...voucher };
  const signature = await holder.signTypedData(operationTypedData(chain, "Redeem", message));
  const args = [holder.address, to, signature] as const;
  return encodeFunctionData({ abi: creditEscrowAbi, functionName: "redeemVoucher", args });
}
