import { createHash } from "node:crypto";
import { deriveVoucherKey, formatVoucherCode, generateVoucherCode } from "@infr/protocol";
import type { Hex } from "viem";
import { InvalidInputError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { memoOf } from "./move-order.ts";
import { checkPace, checkSharer, type MoveContext, readAmount, type Sharer } from "./move-rules.ts";
import { insertMove, type KeyedMove, type MoveRow, moveUnder } from "./moves-store.ts";
import { mustFind, offerTerms } from "./offer-terms.ts";
import { knownMove } from "./prepare-transfer.ts";

export type GiftContext = MoveContext & {
  /** 32 bytes that make codes for one person ones that only this API can redeem; null: there are none. */
  voucherSecret: Hex | null;
};

export type WantedGift = {
  /** US dollars. */
  amount: string;
  note: string;
  expiresInSeconds: number;
  /** The only wallet whose user may redeem it. */
  lockWallet: string | null;
  idempotencyKey: string;
};

/**
 * Prepares a gift: its code is made here, told once and kept nowhere. Nothing is moved or set aside until its owner has
 * signed. Requests with the same idempotency key prepare one gift; only the first is told the code.
 * @throws InvalidInputError, MoveRefusedError, MoveKeyReusedError
 */
export async function prepareGift(
  context: GiftContext,
  sharer: Sharer,
  wanted: WantedGift,
): Promise<{ row: MoveRow; code: string | null }> {
  const { sql, chain, sharing } = context;
  const { accountId } = sharer;
  const keyed = keyedRequest(accountId, wanted);
  const known = await moveUnder(sql, keyed);
  if (known) return { row: await offerTerms(context, await knownMove(sql, { keyed, known })), code: null };
  const amount = readAmount(wanted.amount);
  await checkSharer(context, { sharer, amount });
  const code = generateVoucherCode();
  const { address: key } = deriveVoucherKey({ code, serverSecret: secretFor(context, wanted.lockWallet) });
  const { timestamp } = await chain.client.getBlock();
  const moveId = newId("gift");
  const isNew = await sql.begin(async (tx) => {
    await checkPace(tx, { accountId, rules: sharing, opens: false });
    return insertMove(tx, {
      ...keyed,
      kind: "gift",
      moveId,
      userId: sharer.userId,
      amountMicro: amount,
      note: wanted.note,
      memo: memoOf(moveId),
      voucherKey: key.toLowerCase(),
      expiry: timestamp + BigInt(wanted.expiresInSeconds),
      lockWallet: wanted.lockWallet?.toLowerCase() ?? null,
    });
  });
  if (!isNew) return prepareGift(context, sharer, wanted);
  const row = await offerTerms(context, await mustFind(sql, { moveId, accountId }));
  return { row, code: formatVoucherCode(code) };
}

/** What is mixed into the key of a code that is for one person: then nobody can redeem it past the API. */
function secretFor({ voucherSecret }: GiftContext, lockWallet: string | null): Hex {
  if (lockWallet === null) return "0x";
  if (voucherSecret === null)
    throw new InvalidInputError("Codes for one person only are not offered here. Leave the lock out.", "lock");
  return voucherSecret;
}

function keyedRequest(accountId: string, { idempotencyKey: key, ...wanted }: WantedGift): KeyedMove {
  const { amount, note, expiresInSeconds, lockWallet } = wanted;
  const asked = ["gift", amount, note, expiresInSeconds, lockWallet?.toLowerCase()];
  return { accountId, key, hash: createHash("sha256").update(JSON.stringify(asked)).digest() };
}
