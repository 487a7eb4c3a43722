import { nanoUsd } from "@infr/money";
import type { Queryable, Sql } from "../../db/types.ts";
import type { CaptureOperation, HoldOperation, Operation, Outcome, Period } from "./operations.ts";

type OutcomeRow = {
  request_id: string;
  outcome: Outcome["outcome"];
  granted_nano: bigint | null;
  spendable_nano: bigint | null;
  refused_by: string | null;
  refused_limit: { period: Period; amount_nano: string; left_nano: string } | null;
};

/** One group commit: the answers come in no particular order, one for each request id. */
export async function commitOperations(
  sql: Queryable,
  { instanceId, operations }: { instanceId: string; operations: Operation[] },
): Promise<Outcome[]> {
  const holds = operations.filter((operation) => operation.kind === "hold").map(holdRow);
  const captures = operations.filter((operation) => operation.kind === "capture").map(captureRow);
  const releases = operations
    .filter((operation) => operation.kind === "release")
    .map(({ requestId, accountId }) => ({ request_id: requestId, account_id: accountId }));
  const accounts = [...new Set(operations.map((operation) => operation.accountId))];
  const rows = await sql<OutcomeRow[]>`
    select * from ledger_commit(${instanceId}, ${accounts}::text[], ${jsonOf(holds)}::text::json,
      ${jsonOf(captures)}::text::json, ${jsonOf(releases)}::text::json)`;
  return rows.map((row) => ({
    requestId: row.request_id,
    outcome: row.outcome,
    granted: row.granted_nano === null ? null : nanoUsd(row.granted_nano),
    spendable: row.spendable_nano === null ? null : nanoUsd(row.spendable_nano),
    refusedBy: row.refused_by,
    limit: row.refused_limit && {
      period: row.refused_limit.period,
      amount: nanoUsd(BigInt(row.refused_limit.amount_nano)),
      left: nanoUsd(BigInt(row.refused_limit.left_nano)),
    },
  }));
}

const jsonOf = (rows: object[]): string | null => (rows.length === 0 ? null : JSON.stringify(rows));

const holdRow = (hold: HoldOperation, n: number) => ({
  n,
  request_id: hold.requestId,
  account_id: hold.accountId,
  worst_nano: hold.worst.toString(),
  floor_nano: hold.floor.toString(),
  subjects: hold.subjects,
  paid_only: hold.paidOnly ?? false,
});

const captureRow = (capture: CaptureOperation) => ({
  request_id: capture.requestId,
  account_id: capture.accountId,
  started_at: capture.startedAt,
  key_id: capture.keyId,
  user_id: capture.userId,
  model: capture.model,
  node_id: capture.nodeId,
  operator_id: capture.operatorId,
  price_version: capture.priceVersion,
  prompt_tokens: capture.tokens.prompt,
  cached_tokens: capture.tokens.cached,
  completion_tokens: capture.tokens.completion,
  reasoning_tokens: capture.tokens.reasoning,
  prompt_nano: capture.cost.prompt.toString(),
  cached_nano: capture.cost.cached.toString(),
  completion_nano: capture.cost.completion.toString(),
  reasoning_nano: capture.cost.reasoning.toString(),
  latency_ms: capture.latencyMs,
  status: capture.status,
  usage_source: capture.usageSource,
  reported_tokens: capture.reportedTokens ?? null,
  receipt_salt: capture.receiptSalt,
});

/** Takes or renews an instance's lease. @returns false if it had one and lost it: its holds are released already */
export async function renewLease(
  sql: Sql,
  { instanceId, leaseMs, first }: { instanceId: string; leaseMs: number; first: boolean },
): Promise<boolean> {
  const until = sql`clock_timestamp() + make_interval(secs => ${leaseMs / 1000})`;
  const rows = first
    ? await sql`insert into instances (instance_id, lease_until) values (${instanceId}, ${until}) returning instance_id`
    : await sql`
        update instances set lease_until = ${until}
        where instance_id = ${instanceId} and lease_until > clock_timestamp() returning instance_id`;
  return rows.length === 1;
}

/** Releases, unbilled, the holds of instances whose lease ran out. @returns how many */
export async function releaseDeadInstances(sql: Sql): Promise<number> {
  const [row] = await sql<Array<{ released: number }>>`select release_dead_instances() as released`;
  return row?.released ?? 0;
}

/** Ends a lease now, so that what the instance still held is free at once. */
export async function endLease(sql: Sql, instanceId: string): Promise<void> {
  await sql`update instances set lease_until = '-infinity' where instance_id = ${instanceId}`;
  await releaseDeadInstances(sql);
}
