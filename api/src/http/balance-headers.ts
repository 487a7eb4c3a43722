import { formatUsd, type NanoUsd } from "@infr/money";
import type { FastifyReply, FastifyRequest } from "fastify";
import { InsufficientBalanceError } from "../flow/hold/place-hold.ts";
import type { BurnRates } from "../inference/burn-rates.ts";
import { knownCallerOf } from "./rate-limits.ts";

/** What an account can spend and how long that lasts, in the headers of an answer; nothing where it is not known. */
export function stateBalance(
  reply: FastifyReply,
  burnRates: BurnRates,
  { accountId, spendable }: { accountId: string; spendable: NanoUsd | null },
): void {
  if (spendable === null) return;
  void reply.header("x-balance-usd", formatUsd(spendable));
  const days = burnRates.daysLeft({ accountId, spendable });
  if (days !== null) void reply.header("x-balance-runway-days", days.toFixed(1));
}

/** The same for a request that the balance did not cover: who has to add credit wants to know what there is. */
export function stateRefusedBalance(
  error: unknown,
  { request, reply, burnRates }: { request: FastifyRequest; reply: FastifyReply; burnRates: BurnRates },
): void {
  const caller = knownCallerOf(request);
  if (!(error instanceof InsufficientBalanceError) || caller === null) return;
  stateBalance(reply, burnRates, { accountId: caller.accountId, spendable: error.spendable });
}
