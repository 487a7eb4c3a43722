import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answers, PostgresStartError, startPostgres } from "./postgres.mjs";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postgres-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("startPostgres", () => {
  test("default: the data outlives a restart, and a pid file that names somebody else", async () => {
    const dir = join(folder, "data");
    const first = await startPostgres({ dir, port: await getPort() });
    expect(await answers(first.url)).toBe(true);
    await first.stop();
    expect(await answers(first.url)).toBe(false);

    writeFileSync(join(dir, "postmaster.pid"), `${process.pid}\n${dir}\n`);
    const second = await startPostgres({ dir, port: await getPort() });
    expect(await answers(second.url)).toBe(true);
    await second.stop();
  });

  test("error: PostgresStartError where the port is taken", async () => {
    const server = createServer();
    const port = await getPort();
    await new Promise<void>((resolve) => {
      server.listen(port, "127.0.0.1", resolve);
    });
    await expect(startPostgres({ dir: join(folder, "data"), port })).rejects.toBeInstanceOf(PostgresStartError);
    server.close();
  });
});
