import { createHash } from "node:crypto";
import { formatVoucherCode } from "@infr/protocol";
import { newId } from "../../ids.ts";
import { memoOf } from "./move-order.ts";
import { checkPace, checkSharer, type MoveContext, readAmount, type Sharer } from "./move-rules.ts";
import { insertMove, type KeyedMove, type MoveRow, moveUnder } from "./moves-store.ts";
import { newVoucher } from "./new-voucher.ts";
import { mustFind, offerTerms } from "./offer-terms.ts";
import { knownMove } from "./prepare-transfer.ts";

export type WantedGift = {
  /** US dollars. */
  amount: string;
  note: string;
  expiresInSeconds: number;
  /** The only wallet whose user may redeem it. */
  lockWallet: string | null;
  /** Or the only e-mail address: whoever has proved to read it. */
  lockEmail: string | null;
  idempotencyKey: string;
};

/**
 * Prepares a gift: its code is made here, told once and kept nowhere. Nothing is moved or set aside until its owner has
 * signed. Requests with the same idempotency key prepare one gift; only the first is told the code.
 * @throws InvalidInputError, MoveRefusedError, MoveKeyReusedError
 */
export async function prepareGift(
  context: MoveContext,
  sharer: Sharer,
  wanted: WantedGift,
): Promise<{ row: MoveRow; code: string | null }> {
  const { sql, sharing } = context;
  const { accountId } = sharer;
  const keyed = keyedRequest(accountId, wanted);
  const known = await moveUnder(sql, keyed);
  if (known) return { row: await offerTerms(context, await knownMove(sql, { keyed, known })), code: null };
  const amount = readAmount(wanted.amount);
  await checkSharer(context, { sharer, amount });
  const forOne = wanted.lockWallet !== null || wanted.lockEmail !== null;
  const { code, ...voucher } = await newVoucher(context, { forOne, seconds: wanted.expiresInSeconds, param: "lock" });
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
      ...voucher,
      lockWallet: wanted.lockWallet?.toLowerCase() ?? null,
      lockEmail: wanted.lockEmail?.toLowerCase() ?? null,
    });
  });
  if (!isNew) return prepareGift(context, sharer, wanted);
  const row = await offerTerms(context, await mustFind(sql, { moveId, accountId }));
  return { row, code: formatVoucherCode(code) };
}

function keyedRequest(accountId: string, { idempotencyKey: key, ...wanted }: WantedGift): KeyedMove {
  const { amount, note, expiresInSeconds, lockWallet, lockEmail } = wanted;
  const asked = ["gift", amount, note, expiresInSeconds, lockWallet?.toLowerCase(), lockEmail?.toLowerCase()];
  return { accountId, key, hash: createHash("sha256").update(JSON.stringify(asked)).digest() };
}
