import { type NanoUsd, parseUsd } from "@infr/money";
import type { Hex } from "viem";
import { waitFor } from "../process.ts";
import type { Agreement } from "./agreement.ts";
import { must, type Signed } from "./session.ts";
import type { FlowChain } from "./wallet.ts";

/** A running stack, as `.infr/dev.json` describes it. */
export type FlowStack = FlowChain & {
  /** Origin of the API, without `/v1`. */
  api: string;
  /** Origin that users see: what SIWE messages are for. */
  web: string;
  buyer: { privateKey: Hex };
  operator: { privateKey: Hex };
};

export type Part = { stack: FlowStack; agreement: Agreement };

/** Shows what the ledger booked. */
export async function entries({
  buyer,
  cause,
  agreement,
}: {
  buyer: Signed;
  cause: string;
  agreement: Agreement;
}): Promise<void> {
  const { entries } = must(await buyer.client.GET("/api/entries", { params: { query: { limit: 10, cause } } }));
  for (const { debit, credit, amount } of entries) agreement.note(`entry ${debit} ← ${credit} $${amount}  (${cause})`);
}

export const onChain = async ({ client }: Signed): Promise<NanoUsd> =>
  parseUsd(must(await client.GET("/api/balance")).onChain);

/** Spendable and held together: a process that died may leave a hold behind for some seconds. */
export const money = async ({ client }: Signed): Promise<bigint> => {
  const { spendable, held } = must(await client.GET("/api/balance"));
  return parseUsd(spendable) + parseUsd(held);
};

export const usageOf = async ({ client }: Signed) =>
  must(await client.GET("/api/usage", { params: { query: { limit: 200 } } })).usage;

export const earnerNumber = async ({ client }: Signed): Promise<number | null> =>
  must(await client.GET("/api/account")).account.chainAccount;

const LIMIT_MS = 60_000;

/** Waits for what another part of the stack does, as long as it takes on a busy machine. */
export const patiently = <T>(what: string, check: () => Promise<T>): Promise<NonNullable<T>> =>
  waitFor({ what, timeoutMs: LIMIT_MS, everyMs: 100, check });
