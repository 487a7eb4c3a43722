import postgres from "postgres";
import { describe, expect, test } from "vitest";
import { createDatabase, createEmptyDatabase } from "./database.ts";

async function query(url: string, text: string): Promise<postgres.Row[]> {
  const sql = postgres(url, { max: 1 });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

function failToMigrate(): Promise<never> {
  return Promise.reject(new RangeError("broken migration"));
}

describe("createDatabase", () => {
  test("default: each caller has its own copy, migrated once", async () => {
    let migrations = 0;
    const migrate = async (url: string) => {
      migrations += 1;
      await query(url, "create table note (text text)");
    };
    const [one, two] = await Promise.all([
      createDatabase({ migrate, template: "notes" }),
      createDatabase({ migrate, template: "notes" }),
    ]);
    await query(one.url, "insert into note values ('mine')");

    expect(migrations).toBe(1);
    expect(await query(one.url, "select text from note")).toHaveLength(1);
    expect(await query(two.url, "select text from note")).toHaveLength(0);
    await Promise.all([one.drop(), two.drop()]);
    await expect(query(one.url, "select 1")).rejects.toMatchObject({ code: "3D000" });
  });

  test("behavior: a migration that fails leaves no template behind", async () => {
    await expect(createDatabase({ migrate: failToMigrate, template: "retry" })).rejects.toThrow(RangeError);
    const database = await createDatabase({
      migrate: (url) => query(url, "create table note (text text)"),
      template: "retry",
    });
    expect(await query(database.url, "select * from note")).toHaveLength(0);
    await database.drop();
  });
});

describe("createEmptyDatabase", () => {
  test("default", async () => {
    const { url, drop } = await createEmptyDatabase();
    expect(await query(url, "select 1 from pg_tables where schemaname = 'public'")).toHaveLength(0);
    await drop();
  });
});
