import { type Static, Type } from "typebox";
import { InvalidInputError, NotFoundError } from "../../errors.ts";
import { requirePermission } from "../../flow/deposit/allowance/permission.ts";
import { cardLimits } from "../../funding/open-cards.ts";
import { setRecharge } from "../../funding/recharge.ts";
import { disableSetting, type RechargeRow, rechargesOf, settingOf } from "../../funding/recharge-store.ts";
import { Amount, Id, Moment, Money, Nullable, Problem, readAmount, SMALL_BODY_BYTES, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";
import { cardsOfServices } from "./cards.ts";
import { allowancesOf, LEAST_USDC } from "./recharge-allowance.ts";

const tags = ["Cards"];
const By = Type.Enum(["card", "usdc"]);
const Recharge = Type.Object({
  id: Type.String({ description: "rech_…" }),
  paymentId: Nullable(Type.String({ description: "Of one by card: pay_…" })),
  transactionId: Nullable(Type.String({ description: "Of one from USDC; see /api/transactions." })),
  amount: Money,
  state: Type.Enum(["pending", "paid", "failed"]),
  startedAt: Moment,
});
const Setting = Type.Object({
  enabled: Type.Boolean({
    description: "False until you turn it on, after a card was refused, and when your wallet allows or has too little.",
  }),
  disabledReason: Nullable(Type.String()),
  by: Nullable(By),
  cardId: Nullable(Type.String()),
  threshold: Nullable(Money),
  target: Nullable(Money),
  ceiling: Nullable(Money),
  usedThisMonth: Money,
  cooldownSeconds: Nullable(Type.Integer()),
  recharges: Type.Array(Recharge),
});
const Body = Type.Object({
  by: Type.Enum(["card", "usdc"], {
    default: "card",
    description:
      "usdc: from the wallet that owns the account, once it has sent the calls of /api/recharge/allowance/calls.",
  }),
  cardId: Type.Optional(Id),
  threshold: Amount,
  target: Amount,
  ceiling: Amount,
  cooldownSeconds: Type.Integer({ minimum: 60, maximum: 2_592_000, default: 3_600 }),
});

/** Recharging when credit runs low, by card or from USDC: only for those who have turned it on. */
export function rechargeRoutes(app: Routes, services: Services): void {
  const { sql } = services;
  app.get(
    "/api/recharge",
    {
      schema: { tags, summary: "How your account is recharged, if it is", response: { 200: Setting, 401: Problem } },
    },
    async (request) => shapeSetting(services, (await actorOf(services, request, "funding")).accountId),
  );

  app.put(
    "/api/recharge",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Turn recharging on, or change it",
        description:
          "When your credit, without what running requests hold, falls below the threshold, the card is charged, or USDC taken, " +
          "for what it is short of the target: once in a cooldown, and in a calendar month (UTC) at most the ceiling.",
        body: Body,
        response: { 200: Setting, 400: Problem, 401: Problem, 404: Problem, 422: Problem },
      },
    },
    async (request) => {
      const { accountId, userId } = await actorOf(services, request, "funding");
      const { threshold, target, ceiling, cooldownSeconds } = request.body;
      const amounts = { threshold: readAmount(threshold), target: readAmount(target), ceiling: readAmount(ceiling) };
      const { cardId, least } = await sourceOf(services, { accountId, body: request.body });
      await setRecharge(sql, { accountId, userId, least, setting: { cardId, cooldownSeconds, ...amounts } });
      return shapeSetting(services, accountId);
    },
  );

  app.delete(
    "/api/recharge",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: { tags, summary: "Turn recharging off", response: { 204: Type.Null(), 401: Problem, 404: Problem } },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      if (!(await settingOf(sql, accountId))) throw new NotFoundError("recharge setting");
      await disableSetting(sql, { accountId, reason: "You turned it off." });
      return reply.code(204).send(null);
    },
  );
}

/** Which card, or none, and the least that it is recharged by. */
async function sourceOf(services: Services, { accountId, body }: { accountId: string; body: Static<typeof Body> }) {
  if (body.by === "usdc") {
    if (body.cardId !== undefined) throw new InvalidInputError("Leave cardId out: it is by USDC.", "cardId");
    await requirePermission(allowancesOf(services), accountId);
    return { cardId: null, least: LEAST_USDC };
  }
  cardsOfServices(services);
  if (body.cardId === undefined) throw new InvalidInputError("Name a saved card: GET /api/cards.", "cardId");
  return { cardId: body.cardId, least: cardLimits(services.config).least };
}

async function shapeSetting({ sql }: Services, accountId: string): Promise<Static<typeof Setting>> {
  const [setting, recharges] = await Promise.all([settingOf(sql, accountId), rechargesOf(sql, accountId)]);
  return {
    enabled: setting !== undefined && setting.disabled_reason === null,
    disabledReason: setting?.disabled_reason ?? null,
    by: setting ? byOf(setting.card_id) : null,
    cardId: setting?.card_id ?? null,
    threshold: setting ? usdOfNano(setting.threshold_nano) : null,
    target: setting ? usdOfNano(setting.target_nano) : null,
    ceiling: setting ? usdOfNano(setting.ceiling_nano) : null,
    usedThisMonth: usdOfNano(setting?.used_nano ?? 0n),
    cooldownSeconds: setting?.cooldown_seconds ?? null,
    recharges: recharges.map(shapeRecharge),
  };
}

const byOf = (cardId: string | null): Static<typeof By> => (cardId === null ? "usdc" : "card");

const shapeRecharge = (row: RechargeRow): Static<typeof Recharge> => ({
  id: row.recharge_id,
  paymentId: row.payment_id,
  transactionId: row.transaction_id,
  amount: usdOfNano(row.amount_nano),
  state: row.state,
  startedAt: row.started_at.toISOString(),
});
