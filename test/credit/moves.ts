import { parseVoucherCode } from "@infr/protocol";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { claimCredit } from "../../api/src/flow/credit/claim-credit.ts";
import { askForMoney, cancelRequest } from "../../api/src/flow/credit/money-requests.ts";
import { ownersTypedData, termsOf } from "../../api/src/flow/credit/move-order.ts";
import type { MoveContext } from "../../api/src/flow/credit/move-rules.ts";
import type { MoveRow } from "../../api/src/flow/credit/moves-store.ts";
import { prepareGift } from "../../api/src/flow/credit/prepare-gift.ts";
import { preparedMove, prepareTransfer } from "../../api/src/flow/credit/prepare-transfer.ts";
import { redeemGift } from "../../api/src/flow/credit/redeem-gift.ts";
import { revokeGift } from "../../api/src/flow/credit/return-gifts.ts";
import { orderTransfers } from "../../api/src/flow/credit/standing-orders.ts";
import { submitSignature } from "../../api/src/flow/credit/submit-signature.ts";
import { newId } from "../../api/src/ids.ts";
import { type CreditUser, type CreditWorld, tried } from "./world.ts";

/** Transfers: asked for, ordered for every day, signed at once or later. */
export function transfersIn({ context, users, one, below, amount }: CreditWorld) {
  async function send(): Promise<void> {
    const [user, other] = [one(users), one(users)];
    const stranger = privateKeyToAccount(generatePrivateKey()).address;
    const to = below(5) === 0 ? { wallet: stranger } : { account: other.accountId };
    const wanted = { to, amount: amount(), note: "", idempotencyKey: newId("transfer") };
    await tried(async () => sign(context, user, await prepareTransfer(context, user, wanted)));
  }

  /** Signs what could not be signed before: its recipient's account was being opened. */
  async function signWaiting(): Promise<void> {
    const waiting = await context.sql<Array<{ move_id: string; account_id: string }>>`
      select move_id, account_id from moves where state = 'awaiting_signature'`;
    for (const { move_id: moveId, account_id: accountId } of waiting) {
      const user = users.find((known) => known.accountId === accountId);
      if (user) await tried(async () => sign(context, user, await preparedMove(context, { moveId, accountId })));
    }
  }

  /** Asks for money; several pay it at once, of whom one may. */
  async function askAndPay(): Promise<void> {
    const asking = one(users);
    const wanted = amount();
    await tried(async () => {
      const { request_id: requestId } = await askForMoney(context, asking, {
        amount: wanted,
        message: "",
        expiresInDays: 1,
      });
      const pay = (user: CreditUser) =>
        tried(async () => {
          const payment = { to: { request: requestId }, amount: wanted, note: "", idempotencyKey: newId("transfer") };
          await sign(context, user, await prepareTransfer(context, user, payment));
        });
      const cancel = () => tried(() => cancelRequest(context, { ...asking, requestId }));
      await Promise.all([...users.map(pay), ...(below(3) === 0 ? [cancel()] : [])]);
    });
  }

  async function order(): Promise<void> {
    const to = { account: one(users).accountId };
    const wanted = {
      to,
      amount: amount(),
      note: "",
      every: "day",
      startsAt: new Date(),
      endsAt: null,
      idempotencyKey: null,
    } as const;
    await tried(() => orderTransfers(context, one(users), wanted));
  }

  return { send, signWaiting, askAndPay, order };
}

/** What waits under a key: gifts, and credit for whoever reads an e-mail address. */
export function vouchersIn({ context, users, sendAs, one, below, amount }: CreditWorld) {
  const codes: string[] = [];
  const gifts: Array<{ id: string; giver: CreditUser; isGift: boolean }> = [];

  /** To somebody who is here, to nobody, and now and then to oneself: that is refused. */
  async function sendByEmail(): Promise<void> {
    const user = one(users);
    const email = below(3) === 0 ? `nobody${below(1_000)}@example.com` : one(users).email;
    const wanted = { to: { email }, amount: amount(), note: "", idempotencyKey: newId("transfer") };
    await tried(async () => {
      const row = await prepareTransfer(context, user, wanted);
      await sign(context, user, row);
      gifts.push({ id: row.move_id, giver: user, isGift: false });
    });
  }

  async function claim(): Promise<void> {
    if (gifts.length === 0) return;
    const { id: moveId } = one(gifts);
    await Promise.all(users.map((user) => tried(() => claimCredit(context, { ...user, moveId }))));
  }

  async function give(): Promise<void> {
    const giver = one(users);
    const lockWallet = below(4) === 0 ? one(users).address : null;
    const lock = { lockWallet, lockEmail: lockWallet === null && below(4) === 0 ? one(users).email : null };
    const wanted = { amount: amount(), note: "", expiresInSeconds: 86_400, ...lock, idempotencyKey: newId("gift") };
    await tried(async () => {
      const { row, code } = await prepareGift(context, giver, wanted);
      await sign(context, giver, row);
      codes.push(code ?? "");
      gifts.push({ id: row.move_id, giver, isGift: true });
    });
  }

  /** Several at once, and mostly codes that somebody else has had. */
  async function redeem(): Promise<void> {
    if (codes.length === 0) return;
    const code = parseVoucherCode(one(codes));
    await Promise.all(users.map((user) => tried(() => redeemGift(context, user, code))));
  }

  async function revoke(): Promise<void> {
    if (gifts.length === 0) return;
    const { id, giver, isGift } = one(gifts);
    await tried(async () => {
      const { call } = await revokeGift(context, { ...giver, moveId: id, isGift });
      if (!call) return;
      // The contract may say no: somebody has redeemed it meanwhile.
      await sendAs(giver.privateKey, call);
    });
  }

  return { sendByEmail, claim, give, redeem, revoke };
}

async function sign(context: MoveContext, user: CreditUser, row: MoveRow): Promise<void> {
  const terms = termsOf(row);
  if (!terms || row.state !== "awaiting_signature") return;
  const typedData = ownersTypedData(context.chain, row, terms);
  const signature = await privateKeyToAccount(user.privateKey).signTypedData(typedData);
  const { kind, move_id: moveId } = row;
  await submitSignature(context, { moveId, accountId: user.accountId, isGift: kind === "gift", signature });
}
