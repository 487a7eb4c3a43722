import { microToNano, microUsdc, nanoToMicro } from "@infr/money";
import { Type } from "typebox";
import { InfrError, InvalidInputError } from "../../errors.ts";
import { permissionCalls } from "../../flow/deposit/allowance/permission.ts";
import {
  type Allowances,
  readStanding,
  type Standing,
  shortageOf,
  walletOf,
} from "../../flow/deposit/allowance/standing.ts";
import { MIN_DEPOSIT_MICRO } from "../../flow/deposit/queue-authorization.ts";
import {
  Address,
  Amount,
  Bytes,
  Moment,
  Money,
  Nullable,
  Problem,
  readAmount,
  SMALL_BODY_BYTES,
  usdOfMicro,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Deposits"];
const MONTH_SECONDS = 2_592_000;
const MAX_PERIOD_SECONDS = 31_536_000;
/** The least that is recharged from USDC: what the contract takes. */
export const LEAST_USDC = microToNano(microUsdc(MIN_DEPOSIT_MICRO));

class NoUsdcRechargeError extends InfrError {
  readonly code = "no_usdc_recharge";
  readonly status = 422;

  constructor() {
    super("Nobody is recharged from USDC here: recharge by card, or deposit.");
  }
}

/** @throws NoUsdcRechargeError */
export function allowancesOf({ sql, chain, relayer, config }: Services): Allowances {
  if (config.allowanceRecharge === null) throw new NoUsdcRechargeError();
  return { sql, chain, relayer, contract: config.allowanceRecharge, custodian: config.custodianAddress };
}

const Allowance = Type.Object({
  wallet: Address,
  contract: Type.String({
    ...Address,
    description: "The AllowanceRecharge contract: what the wallet approves on USDC.",
  }),
  keeper: Type.String({ ...Address, description: "Who asks it to recharge: what the wallet consents to." }),
  perPeriod: Type.String({ ...Money, description: "Most in a period; 0 without consent." }),
  periodSeconds: Type.Integer(),
  left: Type.String({ ...Money, description: "What of it may still be taken in the period that runs." }),
  periodEndsAt: Nullable(Moment),
  approved: Money,
  balance: Money,
  shortage: Nullable(Type.String({ description: "What the wallet has to do before it can be recharged from." })),
});

const WalletCalls = Type.Object(
  {
    version: Type.Enum(["2.0.0"]),
    from: Address,
    chainId: Type.String(),
    atomicRequired: Type.Boolean(),
    calls: Type.Array(Type.Object({ to: Address, data: Bytes, value: Type.String() })),
  },
  { description: "Parameters of wallet_sendCalls (EIP-5792); the calls may as well be sent one by one, in any order." },
);

/** What a wallet has to allow before its account can be recharged from USDC, and what it allows now. */
export function rechargeAllowanceRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/recharge/allowance",
    {
      schema: {
        tags,
        summary: "What your wallet allows to be recharged from its USDC, as the chain says",
        response: { 200: Allowance, 401: Problem, 422: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const allowances = allowancesOf(services);
      return shape(allowances, await readStanding(allowances, await walletOf(allowances, accountId)));
    },
  );

  app.post(
    "/api/recharge/allowance/calls",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "What your wallet has to send to allow it, or to end it",
        description:
          "An approval of USDC for the contract, and the consent: how much may be turned into your credit in a period, and by " +
          "whom. A perPeriod of 0 ends both. Nothing is changed here: your wallet sends it.",
        body: Type.Object({
          perPeriod: Amount,
          periodSeconds: Type.Integer({ minimum: 60, maximum: MAX_PERIOD_SECONDS, default: MONTH_SECONDS }),
          approve: Type.String({ ...Amount, description: "What may be taken in all, until you approve anew." }),
        }),
        response: { 200: WalletCalls, 400: Problem, 401: Problem, 422: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const { periodSeconds, ...amounts } = request.body;
      const perPeriod = readMicro(amounts.perPeriod, "perPeriod");
      if (perPeriod !== 0n && perPeriod < MIN_DEPOSIT_MICRO)
        throw new InvalidInputError("perPeriod has to be 0, or at least 5: less is not deposited.", "perPeriod");
      const approve = readMicro(amounts.approve, "approve");
      return permissionCalls(allowancesOf(services), { accountId, perPeriod, periodSeconds, approve });
    },
  );
}

function readMicro(amount: string, param: string) {
  const { micro, remainder } = nanoToMicro(readAmount(amount));
  if (remainder !== 0n) throw new InvalidInputError(`${param} has to have at most 6 decimals.`, param);
  return micro;
}

const shape = ({ contract, relayer }: Allowances, standing: Standing) => ({
  wallet: standing.owner,
  contract,
  keeper: relayer,
  perPeriod: usdOfMicro(standing.perPeriod),
  periodSeconds: standing.periodSeconds,
  left: usdOfMicro(standing.left),
  periodEndsAt: standing.endsAt === 0 ? null : new Date(standing.endsAt * 1000).toISOString(),
  approved: usdOfMicro(standing.approved),
  balance: usdOfMicro(standing.balance),
  shortage: shortageOf(standing),
});
