import postgres from "postgres";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The administrative database of this run's PostgreSQL; tests take theirs from `createDatabase`. */
    postgresUrl: string;
  }
}

export interface TestDatabase {
  url: string;
  drop: () => Promise<void>;
}

export interface DatabaseOptions {
  /** Brings an empty database to the newest schema. It must close its connections: a template in use can't be copied. */
  migrate: (url: string) => Promise<unknown>;
  /** Names the template; two different `migrate` need two names. */
  template?: string;
}

let made = 0;

/**
 * A database of the caller's own, copied from a template that the first caller of the run migrates.
 * Needs `test/postgres.ts` as global setup.
 */
export async function createDatabase({ migrate, template = "api" }: DatabaseOptions): Promise<TestDatabase> {
  const admin = inject("postgresUrl");
  const name = `test_${process.pid}_${process.env["VITEST_WORKER_ID"] ?? 0}_${Date.now()}_${++made}`;
  const source = `template_${template}`;
  await withAdmin(admin, async (sql) => {
    await ensureTemplate({ sql, admin, source, migrate });
    await sql`create database ${sql(name)} template ${sql(source)}`;
  });
  const drop = () =>
    withAdmin(admin, async (sql) => void (await sql`drop database if exists ${sql(name)} with (force)`));
  return { url: databaseUrl(admin, name), drop };
}

/** A database with nothing in it. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase({ migrate: () => Promise.resolve(), template: "empty" });
}

interface Template {
  sql: postgres.Sql;
  admin: string;
  source: string;
  migrate: (url: string) => Promise<unknown>;
}

/** Test files run in parallel processes: the lock lets one of them migrate, the others wait and find it done. */
async function ensureTemplate({ sql, admin, source, migrate }: Template): Promise<void> {
  await sql`select pg_advisory_lock(hashtext(${source}))`;
  try {
    const [found] = await sql`select 1 from pg_database where datname = ${source}`;
    if (found) return;
    const draft = `${source}_draft`;
    await sql`drop database if exists ${sql(draft)} with (force)`;
    await sql`create database ${sql(draft)}`;
    await migrate(databaseUrl(admin, draft));
    await sql`alter database ${sql(draft)} rename to ${sql(source)}`;
  } finally {
    await sql`select pg_advisory_unlock(hashtext(${source}))`;
  }
}

async function withAdmin(url: string, work: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

function databaseUrl(admin: string, name: string): string {
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return url.href;
}
