import { readFileSync } from "node:fs";
import type { Hex } from "viem";
import type { FlowChain } from "../flow/wallet.ts";
import { endProcess, isRunning, spawnTied, waitFor } from "../process.ts";

const DEV_FILE = ".infr/dev.json";
const START_MS = 600_000;

/** The running stack, as `.infr/dev.json` tells of it. */
export type Dev = FlowChain & {
  api: string;
  web: string;
  wallets: { privateKey: Hex; address: Hex }[];
  apiKeys: { key: string }[];
  operators: { privateKey: Hex }[];
};

/** The stack that runs in this folder; else one that is started, and stopped by `close`. */
export async function openDev(): Promise<{ dev: Dev; close: () => Promise<void> }> {
  const running = await readDev().catch(() => null);
  if (running) return { dev: running, close: () => Promise.resolve() };
  console.log("Nothing runs here: starting the stack …");
  const child = spawnTied([process.execPath, "scripts/dev.mjs"], { stdio: ["ignore", "inherit", "inherit"] });
  const close = () => endProcess(child, { signal: "SIGINT", graceMs: 30_000 });
  try {
    const check = async () => !isRunning(child) || (await readDev());
    await waitFor({ what: "the stack", timeoutMs: START_MS, everyMs: 500, check });
    return { dev: await readDev(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws Error unless everything answers that the file tells of */
async function readDev(): Promise<Dev> {
  const dev = JSON.parse(readFileSync(DEV_FILE, "utf8")) as Dev;
  for (const url of [`${dev.api}/ready`, dev.web]) {
    const { ok } = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    if (!ok) throw new Error(`${url} is not ready`);
  }
  return dev;
}
