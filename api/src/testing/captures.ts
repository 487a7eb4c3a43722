import { createHash } from "node:crypto";
import { nanoUsd } from "@infr/money";
import { type ConcretePrices, priceVersionOf } from "@infr/protocol";
import type { Sql } from "../db/types.ts";

/** What a completion token costs by the price version that these captures name. */
const PER_TOKEN = 1_000n;
const pricesOf = (node: string): ConcretePrices => ({
  node,
  kind: "model",
  product: "demo/large",
  prompt: nanoUsd(0n),
  cached: nanoUsd(0n),
  completion: nanoUsd(PER_TOKEN),
  reasoning: nanoUsd(0n),
  unit: "",
  perUnit: nanoUsd(0n),
});

/** So many captures of an account, `step` apart; the newest began at `endedAt`. */
export type Captures = {
  accountId: string;
  operatorId: string;
  count: number;
  /** Of each, in nano-dollars: a multiple of 1,000. */
  cost: bigint;
  /** The part that platform-funded credit paid. */
  funded?: bigint;
  /** Names the request ids apart from others of the account. */
  name?: string;
  /** Age of the newest, in seconds. */
  age?: number;
};

/** Captures with all that the ledger books of them, as the group commit would have left them. */
export async function capture(
  sql: Sql,
  { accountId, operatorId, count, cost, funded = 0n, name = "", age = 0 }: Captures,
): Promise<void> {
  const node = `node_of_${operatorId}`;
  const version = priceVersionOf(pricesOf(node));
  const prefix = createHash("sha256").update(`${accountId} ${operatorId} ${name}`).digest("hex").slice(0, 16);
  await sql.begin(async (tx) => {
    await tx`insert into nodes (node_id, account_id, name, url) values (${node}, ${operatorId}, 'n', 'http://n') on conflict do nothing`;
    await tx`
      insert into prices (price_version, node_id, model, prompt_nano, cached_nano, completion_nano, reasoning_nano)
      values (${version}, ${node}, 'demo/large', 0, 0, ${PER_TOKEN}, 0) on conflict do nothing`;
    await tx`
      insert into usage (account_id, started_at, request_id, captured_at, model, node_id, operator_id, price_version,
        prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano, completion_nano,
        reasoning_nano, cost_nano, funded_nano, latency_ms, status, usage_source, receipt_salt)
      select ${accountId}, at, ${`req_${prefix}`} || lpad(i::text, 10, '0'), at, 'demo/large', ${node}, ${operatorId}, ${version},
        0, 0, ${cost / PER_TOKEN}::int, 0, 0, 0, ${cost}, 0, ${cost}, ${funded}, 100, 'ok', 'node', sha256((${prefix} || i)::bytea)
      from generate_series(1, ${count}::int) i
      cross join lateral (select now() - make_interval(secs => ${age} + (${count}::int - i) / 1000.0) as at) t`;
    await tx`
      insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
      select ${`capture:req_${prefix}`} || lpad(i::text, 10, '0'), e.line, e.debit_book, e.debit_account, e.credit_book, e.credit_account, e.amount
      from generate_series(1, ${count}::int) i
      cross join (values
        (1, 'usage'::book, ${accountId}, 'unsettled'::book, ${operatorId}, ${cost - funded}::bigint),
        (2, 'usage', 'acct_platform', 'unsettled', ${operatorId}, ${funded}::bigint),
        (3, 'funded', ${accountId}, 'grants', 'acct_platform', ${funded}::bigint)
      ) e(line, debit_book, debit_account, credit_book, credit_account, amount)
      where e.amount > 0`;
  });
}
