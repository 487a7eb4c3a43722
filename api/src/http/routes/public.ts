import { formatUsd, nanoUsd } from "@infr/money";
import { Type } from "typebox";
import { PROVIDERS } from "../../flow/deposit/onramps/onramp.ts";
import { NANO_PER_CENT } from "../../funding/follow-payment.ts";
import { cardLimits, cardPace } from "../../funding/open-cards.ts";
import { readReadiness } from "../../jobs/readiness.ts";
import { publicRpcUrl } from "../public-rpc-url.ts";
import { Address, Moment, Money, Nullable, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";

const tags = ["Public"];

const PublicConfig = Type.Object({
  chainId: Type.Integer(),
  chainName: Type.String(),
  rpcUrl: Type.String(),
  explorerUrl: Nullable(Type.String()),
  dev: Type.Boolean(),
  origin: Type.String(),
  contracts: Type.Object({ escrow: Address, usdc: Address }),
  usdc: Type.Object({ name: Type.String(), version: Type.String() }),
  emailSignIn: Type.Boolean({ description: "Whether people can sign in by e-mail, without a wallet." }),
  minDepositUsd: Money,
  minPayoutUsd: Money,
  cards: Nullable(
    Type.Object(
      {
        least: Money,
        most: Money,
        perDay: Type.String({ ...Money, description: "What an account can pay by card in 24 hours." }),
      },
      { description: "What one payment by card can come to; null where cards are not taken." },
    ),
  ),
  onramps: Type.Array(Type.Enum([...PROVIDERS]), { description: "Where USDC can be bought for an account." }),
  plans: Type.Boolean({ description: "Whether there is anything to subscribe to." }),
});

const Ready = Type.Object({
  database: Type.Boolean(),
  indexer: Type.Boolean(),
  chain: Type.Boolean(),
  node: Type.Boolean(),
});

const Reserves = Type.Object({
  block: Type.Integer(),
  usdcHeld: Money,
  liabilities: Money,
  ledger: Type.Object({
    escrow: Money,
    credit: Money,
    earnings: Money,
    vouchers: Money,
    usage: Money,
    unsettled: Money,
    funded: Money,
    debt: Money,
    held: Money,
  }),
  differences: Type.Integer({
    description: "Places where ledger, indexer, contract and USDC do not say the same.",
  }),
  ok: Type.Boolean(),
  finishedAt: Type.String({ ...Moment, description: "When this was found out." }),
});

/** What is taken for credit beside USDC. */
function taken({ cardProcessor, config, onramps }: Services) {
  const { least, most } = cardLimits(config);
  const perDay = nanoUsd(cardPace(config).centsPerDay * NANO_PER_CENT);
  return {
    cards: cardProcessor && { least: formatUsd(least), most: formatUsd(most), perDay: formatUsd(perDay) },
    onramps: [...onramps.keys()],
    plans: cardProcessor !== null && config.cards.plans.length > 0,
  };
}

export function publicRoutes(app: Routes, services: Services): void {
  const { config, chain } = services;

  app.get(
    "/health",
    { schema: { tags, summary: "The process lives", response: { 200: Type.Object({ ok: Type.Boolean() }) } } },
    async () => ({
      ok: true,
    }),
  );

  app.get(
    "/ready",
    { schema: { tags, summary: "Requests can be served", response: { 200: Ready, 503: Ready } } },
    async (_request, reply) => {
      const readiness = await readReadiness(services);
      return reply.code(Object.values(readiness).every(Boolean) ? 200 : 503).send(readiness);
    },
  );

  app.get(
    "/api/config",
    {
      schema: {
        tags,
        summary: "What a client needs to know to talk to the contracts",
        response: { 200: PublicConfig },
      },
    },
    async () => ({
      chainId: config.chainId,
      chainName: chain.viemChain.name,
      rpcUrl: publicRpcUrl(services),
      explorerUrl: chain.viemChain.blockExplorers?.default.url ?? null,
      dev: config.dev,
      origin: config.publicUrl.origin,
      contracts: { escrow: config.escrow, usdc: config.usdc },
      usdc: services.usdcDomain,
      emailSignIn: config.custodianAddress !== null,
      minDepositUsd: "5",
      minPayoutUsd: "10",
      ...taken(services),
    }),
  );

  app.get(
    "/api/reserves",
    {
      schema: { tags, summary: "What is held and what is owed, ledger against contract", response: { 200: Reserves } },
    },
    async () => {
      const { block, usdcHeld, liabilities, ledger, differences, ok, finishedAt } = await services.reserves();
      return {
        block: Number(block),
        usdcHeld: usdOfNano(usdcHeld),
        liabilities: usdOfNano(liabilities),
        ledger: {
          escrow: usdOfNano(ledger.escrow),
          credit: usdOfNano(ledger.credit),
          earnings: usdOfNano(ledger.earnings),
          vouchers: usdOfNano(ledger.vouchers),
          usage: usdOfNano(ledger.usage),
          unsettled: usdOfNano(ledger.unsettled),
          funded: usdOfNano(ledger.funded),
          debt: usdOfNano(ledger.debt),
          held: usdOfNano(ledger.held),
        },
        differences: differences.length,
        ok,
        finishedAt: finishedAt.toISOString(),
      };
    },
  );
}
