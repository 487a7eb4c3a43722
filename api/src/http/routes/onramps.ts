import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { nanoToMicro, parseUsd } from "@infr/money";
import { Type } from "typebox";
import { InvalidInputError } from "../../errors.ts";
import { PROGRESS, PROVIDERS } from "../../flow/deposit/onramps/onramp.ts";
import { hearOnramp, onrampOf, openPurchase } from "../../flow/deposit/onramps/orders.ts";
import { type OrderRow, ordersOf } from "../../flow/deposit/onramps/store.ts";
import { Address, Amount, Limit, Moment, Money, Nullable, Problem, SMALL_BODY_BYTES, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Deposits"];
const MICRO_PER_CENT = 10_000n;
const LEAST_CENTS = 500n;
const MOST_CENTS = 100_000_000n;

const Provider = Type.Enum([...PROVIDERS]);
const Purchase = Type.Object({
  id: Type.String(),
  provider: Provider,
  amount: Nullable(Money),
  address: Address,
  status: Type.Enum([...PROGRESS], {
    description: "What the provider says. Credit comes when the chain has the USDC.",
  }),
  transactionHash: Nullable(Type.String()),
  createdAt: Moment,
});

export function onrampRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/onramps",
    {
      schema: {
        tags,
        summary: "Where USDC can be bought by card or bank, and your purchases, newest first",
        querystring: Limit,
        response: {
          200: Type.Object({ providers: Type.Array(Provider), purchases: Type.Array(Purchase) }),
          401: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const rows = await ordersOf(services.sql, { accountId, limit: request.query.limit });
      return { providers: [...services.onramps.keys()], purchases: rows.map(shapePurchase) };
    },
  );

  app.post(
    "/api/onramps/:provider/sessions",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Buy USDC by card or bank: it arrives at your deposit address on Base and is credited from there",
        params: Type.Object({ provider: Provider }),
        body: Type.Object({ amount: Type.Optional(Amount) }, { additionalProperties: false }),
        response: {
          201: Type.Object({ id: Type.String(), url: Type.String({ description: "Send the buyer there, at once." }) }),
          400: Problem,
          401: Problem,
          422: Problem,
          502: Problem,
          503: Problem,
        },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      const { provider } = request.params;
      const amountCents = request.body.amount === undefined ? null : readCents(request.body.amount);
      const asked = { accountId, provider, amountCents, clientIp: request.ip };
      const { orderId, url } = await openPurchase(services, asked);
      return reply.code(201).send({ id: orderId, url });
    },
  );

  addWebhook(app, services);
}

function addWebhook(app: Routes, services: Services): void {
  void app.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>();
    // Signatures are over the bytes as they came.
    scope.removeContentTypeParser("application/json");
    scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post(
      "/api/webhooks/onramps/:provider",
      {
        schema: {
          tags,
          summary: "News from an onramp about purchases",
          description: "Signed by the provider. They inform only: what is credited is told by the chain.",
          params: Type.Object({ provider: Provider }),
          response: { 204: Type.Null(), 400: Problem, 422: Problem },
        },
      },
      async (request, reply) => {
        const { provider } = request.params;
        if (!(request.body instanceof Buffer)) throw new InvalidInputError("The body has to be JSON.");
        const news = onrampOf(services, provider).readNews(request.body, request.headers);
        if (news) await hearOnramp(services.sql, provider, news);
        return reply.code(204).send(null);
      },
    );
  });
}

function readCents(amount: string): bigint {
  const { micro, remainder } = nanoToMicro(parseUsd(amount));
  const cents = micro / MICRO_PER_CENT;
  if (remainder !== 0n || micro % MICRO_PER_CENT !== 0n || cents < LEAST_CENTS || cents > MOST_CENTS)
    throw new InvalidInputError("amount has to be whole cents, from $5 to $1,000,000.", "amount");
  return cents;
}

const shapePurchase = (row: OrderRow) => ({
  id: row.order_id,
  provider: row.provider,
  amount: row.amount_usd_cents === null ? null : usdOfMicro(row.amount_usd_cents * MICRO_PER_CENT),
  address: row.address,
  status: PROGRESS[row.progress] ?? "opened",
  transactionHash: row.transaction_hash,
  createdAt: row.created_at.toISOString(),
});
