import type { Sql } from "../../db/types.ts";
import { endLease, renewLease } from "./store.ts";

const LEASE_MS = 15_000;
const RENEW_MS = 3_000;

/** A process's right to hold and capture, renewed until it stops. */
export type Lease = { stop: () => Promise<void> };

/**
 * Takes a lease and keeps it. When it is lost, because the database was out of reach for longer than the lease lasts,
 * the holds are released already, or will be, and `onLost` has to end the process: a new one starts with a new lease.
 */
export async function keepLease(
  sql: Sql,
  { instanceId, onLost }: { instanceId: string; onLost: () => void },
): Promise<Lease> {
  await renewLease(sql, { instanceId, leaseMs: LEASE_MS, first: true });
  let renewedAt = performance.now();
  const renew = async () => {
    const askedAt = performance.now();
    if (!(await renewLease(sql, { instanceId, leaseMs: LEASE_MS, first: false }))) onLost();
    renewedAt = askedAt;
  };
  const timer = setInterval(() => {
    // A database that hangs never says that the lease is over: our own clock does.
    if (performance.now() - renewedAt > LEASE_MS) onLost();
    renew().catch(() => {}); // out of reach: the next renewal tells whether the lease outlived it
  }, RENEW_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await endLease(sql, instanceId);
    },
  };
}
