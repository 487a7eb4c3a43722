import type { Sql } from "../db/types.ts";

export type Attempts = { what: string; subject: string; windowSeconds: number };

/** Counts one more try in the window of now (UTC, windows one after another). @returns how many there were in it, and its end */
export async function countAttempt(
  sql: Sql,
  { what, subject, windowSeconds }: Attempts,
): Promise<{ n: number; endsAt: Date }> {
  const window = sql`make_interval(secs => ${windowSeconds})`;
  const [row] = await sql<Array<{ n: number; ends_at: Date }>>`
    insert into attempt_counts (what, subject, ends_at, n)
    values (${what}, ${subject}, date_bin(${window}, now(), 'epoch') + ${window}, 1)
    on conflict (what, subject, ends_at) do update set n = attempt_counts.n + 1
    returning n, ends_at`;
  if (!row) throw new Error("a count was not returned");
  return { n: row.n, endsAt: row.ends_at };
}

/** The same, without counting. */
export async function readAttempts(sql: Sql, { what, subject }: Omit<Attempts, "windowSeconds">) {
  const [row] = await sql<Array<{ n: number; ends_at: Date }>>`
    select n, ends_at from attempt_counts where what = ${what} and subject = ${subject} and ends_at > now()
    order by ends_at limit 1`;
  return row ? { n: row.n, endsAt: row.ends_at } : null;
}

/** Forgets counts and codes that are over. */
export async function trimAttempts(sql: Sql): Promise<void> {
  await sql`delete from attempt_counts where ends_at < now()`;
  await sql`delete from email_codes where expires_at < now()`;
}
