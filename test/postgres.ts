import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import getPort from "get-port";
import type { TestProject } from "vitest/node";
import { startPostgres } from "../scripts/postgres.mjs";

const FOLDER = ".infr-test";

/** One embedded PostgreSQL for each project of a run, on a free port, in a folder of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  mkdirSync(FOLDER, { recursive: true });
  removeLeftovers();
  const dir = join(FOLDER, `postgres-${process.pid}-${project.name}`);
  const server = await startPostgres({ dir, port: await getPort(), durable: false });
  project.provide("postgresUrl", server.url);
  return async () => {
    await server.stop();
    remove(dir);
  };
}

/** Folders of runs that were killed. */
function removeLeftovers(): void {
  for (const name of readdirSync(FOLDER)) {
    const pid = Number(/^postgres-(\d+)-\w+$/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) remove(join(FOLDER, name));
  }
}

function remove(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  rmSync(`${dir}.log`, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
