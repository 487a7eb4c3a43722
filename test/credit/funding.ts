import { nanoUsd } from "@infr/money";
import { grantByHand, revokeGrant } from "../../api/src/flow/credit/admin-grants.ts";
import { settleAllLots } from "../../api/src/flow/credit/settle-lots.ts";
import { attendCards } from "../../api/src/funding/attend-cards.ts";
import { openCheckout } from "../../api/src/funding/buy-credit.ts";
import { paymentOf } from "../../api/src/funding/cards-store.ts";
import { refundPayment } from "../../api/src/funding/refund-payment.ts";
import { newId } from "../../api/src/ids.ts";
import type { News } from "./news.ts";
import { type CreditWorld, tried } from "./world.ts";

const NANO_PER_DOLLAR = 1_000_000_000n;
/** What fails is tried again in the next round; what never works shows in the books. */
const silent = { error: () => {} };

/** Cards, their refunds and disputes. */
export function cardsIn({ sql, users, one, below, stripe, cards, cardOf }: CreditWorld, { hear, hearAll }: News) {
  const payments: Array<{ paymentId: string; intentId: string }> = [];
  const disputes: string[] = [];

  async function buy(): Promise<void> {
    const user = one(users);
    const { accountId } = user;
    const cents = BigInt(500 + below(2_000));
    await tried(async () => {
      const { payment } = await openCheckout(cards, { accountId, cents, save: false });
      const row = await paymentOf(sql, { paymentId: payment.payment_id });
      const kind = below(4) === 0 ? "declines" : "good";
      const { id: intentId } = stripe.pay(row?.session_id ?? "", kind, cardOf(user));
      payments.push({ paymentId: payment.payment_id, intentId });
    });
    await hear();
  }

  async function refund(): Promise<void> {
    if (payments.length === 0) return;
    const { paymentId } = one(payments);
    const cents = below(2) === 0 ? null : BigInt(1 + below(800));
    await Promise.all([
      tried(() => refundPayment(cards, { paymentId, cents, userId: one(users).userId })),
      tried(() => refundPayment(cards, { paymentId, cents: 100n, userId: one(users).userId })),
    ]);
    await hear();
  }

  async function dispute(): Promise<void> {
    if (payments.length === 0) return;
    const { paymentId, intentId } = one(payments);
    const row = await paymentOf(sql, { paymentId });
    const left = Number((row?.received_cents ?? 0n) - (row?.refunded_cents ?? 0n) - (row?.disputed_cents ?? 0n));
    if (left > 0) disputes.push(stripe.dispute(intentId, 1 + below(left)).id);
    await hear();
  }

  async function closeDispute(): Promise<void> {
    const id = disputes.pop();
    if (id === undefined) return;
    stripe.closeDispute(id, below(2) === 0 ? "won" : "lost");
    await hear();
  }

  /** What the worker does. */
  async function attend(): Promise<void> {
    await settleAllLots(sql, () => new Date());
    await attendCards(cards, silent);
  }

  /** Until the processor and we agree on every payment, and lots on what was used of them. */
  async function settleDown(): Promise<void> {
    while (disputes.length > 0) await closeDispute();
    await hearAll();
    await attend();
  }

  return { buy, refund, dispute, closeDispute, attend, settleDown };
}

/** What administrators grant and take back. */
export function grantsIn({ sql, users, one, below }: CreditWorld) {
  const lots: string[] = [];

  async function grant(): Promise<void> {
    const now = new Date();
    // Some expire before they are used.
    const expiresAt = new Date(now.getTime() + (below(2) === 0 ? 1_000 + below(5_000) : 86_400_000));
    const amount = nanoUsd(BigInt(1 + below(20)) * NANO_PER_DOLLAR);
    const kind = below(3) === 0 ? "enterprise" : "promo";
    const campaign = kind === "promo" ? { campaign: `campaign-${below(6)}` } : {};
    const wanted = {
      accountId: one(users).accountId,
      kind,
      cause: newId("lot"),
      amount,
      expiresAt,
      ...campaign,
    } as const;
    const lot = await tried(() => grantByHand(sql, { userId: one(users).userId, grant: wanted, now }));
    if (lot) lots.push(lot.lot_id);
  }

  async function revokeLot(): Promise<void> {
    if (lots.length > 0)
      await tried(() => revokeGrant(sql, { userId: one(users).userId, lotId: one(lots), now: new Date() }));
  }

  return { grant, revokeLot };
}
