import { type Static, Type } from "typebox";
import { InvalidInputError } from "../../errors.ts";
import { CardPaymentError, centsOf, openCheckout, payWithCard, removeCard } from "../../funding/buy-credit.ts";
import { type CardRow, cardsOf, isBlocked, type PaymentRow, paymentsOf } from "../../funding/cards-store.ts";
import { type Cards, NANO_PER_CENT } from "../../funding/follow-payment.ts";
import { cardLimits, cardPace, plansOf } from "../../funding/open-cards.ts";
import { refundPayment } from "../../funding/refund-payment.ts";
import {
  Amount,
  Id,
  Limit,
  Moment,
  Money,
  Nullable,
  Problem,
  readAmount,
  SMALL_BODY_BYTES,
  usdOfNano,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf, adminOf } from "../session.ts";

const tags = ["Cards"];

const Card = Type.Object({
  id: Type.String({ description: "card_…" }),
  brand: Type.String(),
  last4: Type.String(),
  expires: Type.String({ examples: ["2030-01"] }),
  createdAt: Moment,
});
const Payment = Type.Object({
  id: Type.String({ description: "pay_…" }),
  purpose: Type.Enum(["purchase", "recharge", "subscription"]),
  state: Type.Enum(["open", "action", "paid", "failed"], {
    description: "action: the payer's bank asks him to confirm.",
  }),
  amount: Money,
  refunded: Money,
  disputed: Type.String({ ...Money, description: "By disputes that are open or lost." }),
  grantId: Nullable(Type.String({ description: "The credit that it bought, as soon as it is granted." })),
  reason: Nullable(Type.String()),
  createdAt: Moment,
});
const buying = { 400: Problem, 401: Problem, 403: Problem, 422: Problem, 429: Problem, 503: Problem };

/** Who takes cards here. @throws CardPaymentError where nobody does */
export function cardsOfServices({ sql, config, cardProcessor: processor }: Services): Cards {
  if (!processor) throw new CardPaymentError("Cards are not taken here. Add USDC instead.");
  return { sql, processor, plans: plansOf(config), pace: cardPace(config), now: () => new Date() };
}

/** Buying credit by card. It is platform-funded: it can be spent and not shared. */
export function cardRoutes(app: Routes, services: Services): void {
  listing(app, services);
  paying(app, services);
  administer(app, services);
}

function listing(app: Routes, services: Services): void {
  const { sql } = services;
  app.get(
    "/api/cards",
    {
      schema: {
        tags,
        summary: "Your saved cards, and whether you can pay by card",
        response: {
          200: Type.Object({ offered: Type.Boolean(), blocked: Type.Boolean(), cards: Type.Array(Card) }),
          401: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const [cards, blocked] = await Promise.all([cardsOf(sql, accountId), isBlocked(sql, accountId)]);
      return { offered: services.cardProcessor !== null, blocked, cards: cards.map(shapeCard) };
    },
  );

  app.delete(
    "/api/cards/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Forget a saved card",
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null(), 401: Problem, 404: Problem, 422: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      await removeCard(cardsOfServices(services), { accountId, cardId: request.params.id });
      return reply.code(204).send(null);
    },
  );

  app.get(
    "/api/cards/payments",
    {
      schema: {
        tags,
        summary: "Your card payments, newest first",
        querystring: Limit,
        response: { 200: Type.Object({ payments: Type.Array(Payment) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      return { payments: (await paymentsOf(sql, { accountId, limit: request.query.limit })).map(shapePayment) };
    },
  );
}

function paying(app: Routes, services: Services): void {
  const limits = cardLimits(services.config);
  app.post(
    "/api/cards/checkout",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "A page on which to pay by card",
        description: "The credit follows within seconds of the payment. Saving the card charges nothing by itself.",
        body: Type.Object({
          amount: Amount,
          save: Type.Boolean({ default: false, description: "Keep the card for later payments." }),
        }),
        response: { 201: Type.Object({ payment: Payment, url: Type.String() }), ...buying },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      const { amount, save } = request.body;
      const cents = centsOf(readAmount(amount), limits);
      const { payment, url } = await openCheckout(cardsOfServices(services), { accountId, cents, save });
      return reply.code(201).send({ payment: shapePayment(payment), url });
    },
  );

  app.post(
    "/api/cards/payments",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Pay with a saved card",
        description: "The same Idempotency-Key charges once, however often it comes.",
        headers: Type.Object({
          "idempotency-key": Type.Optional(
            Type.String({ maxLength: 128, description: "Needed: 8 to 128 characters." }),
          ),
        }),
        body: Type.Object({ amount: Amount, cardId: Id }),
        response: {
          201: Type.Object({
            payment: Payment,
            clientSecret: Nullable(Type.String({ description: "For Stripe.js, where the bank asks the payer." })),
          }),
          ...buying,
          404: Problem,
        },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      const { "idempotency-key": requestKey = "" } = request.headers;
      if (requestKey.length < 8)
        throw new InvalidInputError(
          "Send an Idempotency-Key of at least 8 characters: it charges once.",
          "idempotency-key",
        );
      const cents = centsOf(readAmount(request.body.amount), limits);
      const order = { accountId, cents, cardId: request.body.cardId, requestKey };
      const { payment, clientSecret } = await payWithCard(cardsOfServices(services), order);
      return reply.code(201).send({ payment: shapePayment(payment), clientSecret });
    },
  );
}

function administer(app: Routes, services: Services): void {
  app.post(
    "/api/admin/card-payments/:id/refund",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags: ["Administration"],
        summary: "Refund what is not spent of a card payment",
        description: "Without an amount: all of that.",
        params: Type.Object({ id: Id }),
        body: Type.Object({ amount: Type.Optional(Amount) }),
        response: {
          201: Type.Object({
            id: Type.String({ description: "refund_…" }),
            state: Type.Enum(["asked", "made", "refused"]),
            amount: Money,
            reason: Nullable(Type.String()),
          }),
          400: Problem,
          401: Problem,
          403: Problem,
          404: Problem,
          409: Problem,
          422: Problem,
          503: Problem,
        },
      },
    },
    async (request, reply) => {
      const { userId } = await adminOf(services, request);
      const { amount } = request.body;
      const limits = { ...cardLimits(services.config), least: readAmount("0.01") };
      const cents = amount === undefined ? null : centsOf(readAmount(amount), limits);
      const order = { paymentId: request.params.id, cents, userId };
      const { refund_id: id, state, cents: made, reason } = await refundPayment(cardsOfServices(services), order);
      return reply.code(201).send({ id, state, amount: usdOfCents(made), reason });
    },
  );
}

const usdOfCents = (cents: bigint) => usdOfNano(cents * NANO_PER_CENT);

const shapeCard = (card: CardRow): Static<typeof Card> => ({
  id: card.card_id,
  brand: card.brand,
  last4: card.last4,
  expires: `${card.expires_year}-${String(card.expires_month).padStart(2, "0")}`,
  createdAt: card.created_at.toISOString(),
});

const shapePayment = (payment: PaymentRow): Static<typeof Payment> => ({
  id: payment.payment_id,
  purpose: payment.purpose,
  state: payment.state,
  amount: usdOfCents(payment.asked_cents),
  refunded: usdOfCents(payment.refunded_cents),
  disputed: usdOfCents(payment.disputed_cents),
  grantId: payment.lot_id,
  reason: payment.reason,
  createdAt: payment.created_at.toISOString(),
});
