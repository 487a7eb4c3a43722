import { creditEscrowAbi } from "@infr/contracts/abi";
import {
  deriveVoucherKey,
  MalformedVoucherCodeError,
  operationTypedData,
  parseVoucherCode,
  type VoucherKey,
} from "@infr/protocol";
import { encodeFunctionData, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Tx } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { giftUnder, hasWallet, setClosing, takeGift } from "./gifts-store.ts";
import { CodeRefusedError, MoveRefusedError } from "./move-errors.ts";
import { lastingNumber, type MoveRow, type RecipientRow, recipientById } from "./moves-store.ts";
import type { GiftContext } from "./prepare-gift.ts";
import { queueOpening } from "./queue-opening.ts";

/** Who redeems: an account, and who of its people. */
export type Redeemer = { accountId: string; userId: string };

/** How far a redemption has come. `opening`: the account has no lasting number yet; the code has to be sent once more. */
export type Redemption = { row: MoveRow; state: "opening" | "pending" | "redeemed" };

/**
 * Redeems a code: of all who send it at once, one has the gift; sent again by him, the answer is how far it has come. The
 * voucher is asked for on-chain with a signature of the code's own key, which is forgotten after it: an account that has to
 * be opened first has to send the code again, and nobody else gets the gift meanwhile.
 * @throws CodeRefusedError, which is always the same; MoveRefusedError for a frozen account
 */
export async function redeemGift(context: GiftContext, redeemer: Redeemer, text: string): Promise<Redemption> {
  const { sql, chain } = context;
  const account = await recipientById(sql, redeemer.accountId);
  if (!account) throw new Error(`${redeemer.accountId} vanished`);
  if (account.frozen_reason !== null)
    throw new MoveRefusedError("account_frozen", "This account is frozen: it can't redeem codes. Write to support.");
  const keys = keysOf(context, text);
  const row = await giftUnder(
    sql,
    keys.map(({ address }) => address.toLowerCase()),
  );
  const key = keys.find(({ address }) => address.toLowerCase() === row?.voucher_key);
  if (!row || !key || !(await isFor(context, { row, redeemer }))) throw new CodeRefusedError();
  const { timestamp: now } = await chain.client.getBlock();
  const number = await lastingNumber(sql, account.account_id);
  return sql.begin(async (tx) => {
    const taken = await takeGift(tx, { moveId: row.move_id, accountId: account.account_id, now });
    if (taken === "lost") throw new CodeRefusedError();
    if (taken === "sent") return { row, state: row.state === "redeemed" ? "redeemed" : "pending" } as const;
    if (number === null) {
      if (account.chain_account === null) await queueOpening(tx, { ...context, account });
      return { row, state: "opening" } as const;
    }
    await queueRedemption(tx, { context, row, key, account, number });
    return { row, state: "pending" } as const;
  });
}

/** The keys that a code can stand for: of one for everybody, and of one for a single person. @throws CodeRefusedError */
function keysOf({ voucherSecret }: GiftContext, text: string): VoucherKey[] {
  try {
    const code = parseVoucherCode(text);
    const open = deriveVoucherKey({ code });
    return voucherSecret === null ? [open] : [open, deriveVoucherKey({ code, serverSecret: voucherSecret })];
  } catch (error) {
    if (error instanceof MalformedVoucherCodeError) throw new CodeRefusedError();
    throw error;
  }
}

const isFor = async ({ sql }: GiftContext, { row, redeemer }: { row: MoveRow; redeemer: Redeemer }): Promise<boolean> =>
  row.lock_wallet === null || hasWallet(sql, { ...redeemer, wallet: row.lock_wallet });

type Ready = { context: GiftContext; row: MoveRow; key: VoucherKey; account: RecipientRow; number: number };

async function queueRedemption(tx: Tx, { context, row, key, account, number }: Ready): Promise<void> {
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
  { chain }: GiftContext,
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
