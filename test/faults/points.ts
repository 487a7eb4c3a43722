import type { Sql } from "../../api/src/db/types.ts";
import { waitFor } from "../../scripts/process.ts";

const POINT_LOCK = 990_001;
const REACH_MS = 15_000;

type Place = { on: string; when: string; if: string; each?: "row" | "statement" };
const CLAIM = "old.batch_id is null and new.batch_id is not null";

/**
 * Named points in the way of a batch at which a worker can be stopped dead: just before a row is written, in the middle of a
 * statement, or while it commits. What lies between two of them is reached through the proxies: a call to the chain that is
 * lost, or whose answer is.
 */
export const POINTS = {
  "before the batch is built": { on: "batches", when: "before insert", if: "true" },
  "inside a claim": { on: "usage", when: "before update", if: CLAIM },
  "inside a large claim": {
    on: "usage",
    when: "before update",
    if: `${CLAIM} and hashtext(new.request_id) % 1000 = 0`,
  },
  "between two slices": { on: "usage", when: "before update", if: "true", each: "statement" },
  "before the lines are kept": { on: "batches", when: "before update", if: "old.receipts_root <> new.receipts_root" },
  "while the batch commits": { on: "batches", when: "commit of insert", if: "true" },
  "before the signature is kept": {
    on: "batches",
    when: "before update",
    if: "new.state = 'signed' and old.state = 'built'",
  },
  "before it is queued": { on: "transactions", when: "before insert", if: "true" },
  "before it is submitted": {
    on: "batches",
    when: "before update",
    if: "new.state = 'submitted' and old.state = 'signed'",
  },
  "before the nonce is taken": {
    on: "transactions",
    when: "before update",
    if: "new.state = 'sent' and old.state = 'queued'",
  },
  "before the journal is written": { on: "transaction_attempts", when: "before insert", if: "true" },
  "before the receipt is noted": {
    on: "transactions",
    when: "before update",
    if: "new.state = 'mined' and old.state = 'sent'",
  },
  "before the event is noted": { on: "chain_events", when: "before insert", if: "new.kind = 'batch_settled'" },
  "before the settlement is booked": {
    on: "batches",
    when: "before update",
    if: "new.state = 'mined' and old.state = 'submitted'",
  },
  "before it is final": { on: "batches", when: "before update", if: "new.state = 'final'" },
} as const satisfies Record<string, Place>;
export type Point = keyof typeof POINTS;

/** Triggers that wait for a lock where a point is armed. */
export async function preparePoints(sql: Sql): Promise<void> {
  await sql`create table fault_points (point text primary key)`;
  await sql.unsafe(`
    create function fault_point() returns trigger language plpgsql as $$
    begin
      if not exists (select from fault_points where point = tg_argv[0]) then return new; end if;
      -- Between two slices: the first one has been claimed by then.
      if tg_level = 'STATEMENT' and not exists (select from usage where batch_id = (select max(batch_id) from batches)) then
        return null;
      end if;
      perform pg_advisory_xact_lock_shared(${POINT_LOCK});
      return new;
    end $$`);
  for (const [n, [point, place]] of Object.entries<Place>(POINTS).entries())
    await sql.unsafe(triggerAt(place, { name: `fault_point_${n}`, point }));
  for (const worker of ["worker_1", "worker_2"]) await sql.unsafe(`create role ${worker} superuser login`);
}

function triggerAt({ on, when, if: condition, each = "row" }: Place, { name, point }: { name: string; point: string }) {
  const then = `execute function fault_point('${point}')`;
  if (when.startsWith("commit of"))
    return `create constraint trigger ${name} after ${when.slice(10)} on ${on} deferrable initially deferred for each row ${then}`;
  return `create trigger ${name} ${when} on ${on} for each ${each} when (${condition}) ${then}`;
}

/**
 * Arms a point and waits until a worker stands at it; then lets `act` do what it wants with the worker, by name. The
 * statement under way is ended as the database would end it for a dead client, or goes through: `isCommitted`.
 * @returns false if no worker came by
 */
export async function atPoint(
  sql: Sql,
  { point, isCommitted, act }: { point: Point; isCommitted: boolean; act: (worker: string) => Promise<void> },
): Promise<boolean> {
  const gate = await sql.reserve();
  try {
    await gate`select pg_advisory_lock(${POINT_LOCK})`;
    await sql`insert into fault_points values (${point})`;
    const standing = await waitFor({
      what: point,
      timeoutMs: REACH_MS,
      everyMs: 10,
      check: async () =>
        (
          await sql<Array<{ pid: number; usename: string }>>`
            select a.pid, a.usename from pg_locks l join pg_stat_activity a using (pid)
            where l.locktype = 'advisory' and l.objid = ${POINT_LOCK} and not l.granted limit 1`
        )[0],
    }).catch(() => null);
    if (standing) {
      await act(standing.usename);
      if (!isCommitted)
        await sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${standing.usename}`;
    }
    return standing !== null;
  } finally {
    await sql`delete from fault_points`;
    await gate`select pg_advisory_unlock(${POINT_LOCK})`;
    gate.release();
  }
}
