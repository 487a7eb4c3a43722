import { nanoUsd } from "@infr/money";
import type { Queryable, Sql } from "../../db/types.ts";
import type { CaptureOperation, HoldOperation, Operation, Outcome, Period, ReleaseOperation } from "./operations.ts";
import { type Field, rowsLiteral, textsLiteral } from "./row-literal.ts";

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
  const rows = await sql<OutcomeRow[]>`
    select * from unnest(ledger_commit(${instanceId},
      ${requests(operations, "hold", holdFields)}::text::hold_request[],
      ${requests(operations, "capture", captureFields)}::text::capture_request[],
      ${requests(operations, "release", releaseFields)}::text::release_request[]))`;
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

/** The operations of one kind, as an array of the type of that name in the database. */
function requests<Kind extends Operation["kind"]>(
  operations: Operation[],
  kind: Kind,
  fieldsOf: (operation: Operation & { kind: Kind }) => Field[],
): string {
  const isOfKind = (operation: Operation): operation is Operation & { kind: Kind } => operation.kind === kind;
  return rowsLiteral(operations.filter(isOfKind).map(fieldsOf));
}

// In the order of the types in the database.

const holdFields = (hold: HoldOperation): Field[] => [
  hold.requestId,
  hold.accountId,
  hold.worst,
  hold.floor,
  textsLiteral(hold.subjects),
  hold.paidOnly ?? false,
];

const captureFields = (capture: CaptureOperation): Field[] => [
  capture.requestId,
  capture.accountId,
  capture.startedAt,
  capture.keyId,
  capture.userId,
  capture.model,
  capture.nodeId,
  capture.operatorId,
  capture.priceVersion,
  capture.tokens.prompt,
  capture.tokens.cached,
  capture.tokens.completion,
  capture.tokens.reasoning,
  capture.cost.prompt,
  capture.cost.cached,
  capture.cost.completion,
  capture.cost.reasoning,
  capture.latencyMs,
  capture.status,
  capture.usageSource,
  capture.reportedTokens ?? null,
  capture.receiptSalt,
];

const releaseFields = ({ requestId, accountId }: ReleaseOperation): Field[] => [requestId, accountId];

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
