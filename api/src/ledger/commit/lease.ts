import type { Sql } from "../../db/types.ts";
import { endLease, renewLease } from "./store.ts";

const LEASE_MS = 15_000;
const RENEW_MS = 3_000;

/** A process's right to hold and capture, renewed until it stops. */
export type Lease = { stop: () => Promise<void> };

/**
 * Takes a lease and keeps it. When it is lost, because the database was out of reach for longer than the lease lasts,
 * the holds are released already and `onLost` has to end the process: a new one starts with a new lease.
 */
export async function keepLease(
  sql: Sql,
  { instanceId, onLost }: { instanceId: string; onLost: () => void },
): Promise<Lease> {
  await renewLease(sql, { instanceId, leaseMs: LEASE_MS, first: true });
  const timer = setInterval(() => {
    void renew(sql, { instanceId, onLost });
  }, RENEW_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await endLease(sql, instanceId);
    },
  };
}

async function renew(sql: Sql, { instanceId, onLost }: { instanceId: string; onLost: () => void }): Promise<void> {
  try {
    if (!(await renewLease(sql, { instanceId, leaseMs: LEASE_MS, first: false }))) onLost();
  } catch {
    // out of reach: the next renewal tells whether the lease outlived it
  }
}
