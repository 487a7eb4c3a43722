import { formatUsd, nanoUsd } from "@infr/money";
import type { Sql } from "../db/types.ts";
import { CHECKS, type Difference } from "./checks-store.ts";

/**
 * Recomputes every balance, counter and limit from entries, holds and the usage log, in one snapshot, so that it can run
 * beside servers under load; it locks nothing and writes nothing. `say` is told what is checked, and what was found.
 */
export async function checkLedger({ sql, say }: { sql: Sql; say: (line: string) => void }): Promise<Difference[]> {
  const found: Difference[] = [];
  await sql.begin("isolation level repeatable read read only", async (tx) => {
    for (const [index, { name, find }] of CHECKS.entries()) {
      const startedAt = performance.now();
      const differences = await find(tx);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      say(`${differences.length === 0 ? "✓" : "✗"} ${index + 1}/${CHECKS.length} ${name} (${seconds} s)`);
      for (const difference of differences) say(`    ${describe(difference)}`);
      found.push(...differences);
    }
  });
  say(
    found.length === 0
      ? "The books agree: no differences."
      : `${found.length} ${found.length === 1 ? "difference" : "differences"}.`,
  );
  return found;
}

const describe = ({ what, counter, recomputed }: Difference): string =>
  `${what}: $${formatUsd(nanoUsd(counter))}, recomputed $${formatUsd(nanoUsd(recomputed))}`;
