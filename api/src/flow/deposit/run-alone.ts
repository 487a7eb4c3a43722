import type { Sql } from "../../db/types.ts";

/** Runs one round of a job, unless another process is at it: then nothing happens. */
export async function runAlone(sql: Sql, lock: number, round: () => Promise<void>): Promise<void> {
  const connection = await sql.reserve();
  try {
    const [{ taken }] = await connection<[{ taken: boolean }]>`select pg_try_advisory_lock(${lock}) as taken`;
    if (!taken) return;
    try {
      await round();
    } finally {
      await connection`select pg_advisory_unlock(${lock})`;
    }
  } finally {
    connection.release();
  }
}
