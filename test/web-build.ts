import { once } from "node:events";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { spawnTied } from "../scripts/process.ts";

/** Where the web app is built for tests and benchmarks. */
export const WEB_ROOT = resolve(".infr-test/web");

const STAMP = join(WEB_ROOT, ".built");
const SOURCES = ["web", "packages", "contracts/abi", "pnpm-lock.yaml"];
const NOT_SOURCES = /(?:^|\/)(?:node_modules|dist)(?:\/|$)/;

/** Builds the web app as `pnpm build` does, unless nothing has changed since the last time. */
export async function buildWeb(): Promise<void> {
  const builtAt = await stat(STAMP).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  const startedAt = new Date();
  if ((await newestOf(SOURCES)) < builtAt) return;
  const words = ["web/node_modules/vite/bin/vite.js", "build", "web", "--outDir", WEB_ROOT, "--emptyOutDir"];
  // A test's own NODE_ENV would make it a build for development.
  const env = { ...process.env, NODE_ENV: "production" };
  const child = spawnTied([process.execPath, ...words], { stdio: ["ignore", "ignore", "inherit"], env });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`the web app could not be built: vite ended with ${code}`);
  await writeFile(STAMP, startedAt.toISOString());
}

async function newestOf(paths: string[]): Promise<number> {
  const times = await Promise.all(
    paths.map(async (path) => {
      const own = await stat(path);
      if (!own.isDirectory()) return own.mtimeMs;
      const inside = (await readdir(path)).map((name) => join(path, name)).filter((name) => !NOT_SOURCES.test(name));
      return Math.max(own.mtimeMs, await newestOf(inside));
    }),
  );
  return Math.max(0, ...times);
}
