import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import getPort from "get-port";
import type { Hex } from "viem";
import { anvilWords, rpc } from "../../scripts/anvil.ts";
import { endProcess, exited, spawnTied, waitFor } from "../../scripts/process.ts";

const BLOCK_MS = 150;
/** `safe` lies so many blocks behind: deeper than the deepest reorganisation. */
export const SAFE_DEPTH = 16;

export type FaultyChain = Awaited<ReturnType<typeof startFaultyChain>>;

/** A chain on one port that can be restarted; its blocks are made here, so that they can be held back. */
export async function startFaultyChain(folder: string) {
  const port = await getPort();
  const rpcUrl = `http://127.0.0.1:${port}`;
  const stateFile = `${folder}/chain.json`;
  rmSync(stateFile, { force: true });
  const launch = async (): Promise<ChildProcess> => {
    const child = spawnTied(anvilWords({ port, safeDepth: SAFE_DEPTH, stateFile, isQuiet: true }), { stdio: "ignore" });
    await waitFor({ what: "anvil", timeoutMs: 20_000, everyMs: 20, check: () => rpc(rpcUrl, "eth_chainId") });
    return child;
  };
  const call = <T>(method: string, ...params: unknown[]): Promise<T> => rpc<T>(rpcUrl, method, params);
  // anvil mines and reorganises at the same time if it is asked to, and has no blocks where both were at work.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const changed = turn.then(change);
    turn = changed.catch(() => {});
    return changed;
  };
  let child = await launch();
  const making = { isPaused: false, isStopping: false };
  const producing = (async () => {
    while (!making.isStopping) {
      if (!making.isPaused) await inTurn(() => call("evm_mine")).catch(() => {}); // it is being restarted
      await sleep(BLOCK_MS);
    }
  })();
  return {
    rpcUrl,
    port,
    call,
    /** From then on transactions wait for a block. */
    holdTransactions: () => call("evm_setAutomine", false),
    pause: () => (making.isPaused = true),
    resume: () => (making.isPaused = false),
    mine: (blocks: number) => inTurn(() => call("anvil_mine", `0x${blocks.toString(16)}`)),
    /** Takes so many blocks back and puts others in their place: with these transactions in the first, if any. */
    reorganise: (depth: number, raw: Hex[] = []) =>
      inTurn(() =>
        call(
          "anvil_reorg",
          depth,
          raw.map((one) => [one, 0]),
        ),
      ),
    /** Ends the process, which writes its state, and starts it anew. */
    restart: async () => {
      const { timestamp } = await call<{ timestamp: Hex }>("eth_getBlockByNumber", "latest", false);
      await endProcess(child, { signal: "SIGINT", graceMs: 10_000 });
      child = await launch();
      await call("evm_setAutomine", false);
      // Its clock is the machine's again, and blocks must not be older than those before them.
      const ahead = Number(timestamp) - Math.floor(Date.now() / 1000);
      if (ahead > 0) await call("evm_increaseTime", ahead + 1);
    },
    stop: async () => {
      making.isStopping = true;
      await producing;
      const ended = exited(child);
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A node that stands still some blocks behind: it answers as of then, takes transactions and tells nobody of them. */
export async function startLaggingNode(
  { rpcUrl, call }: Pick<FaultyChain, "rpcUrl" | "call">,
  { blocks }: { blocks: number },
): Promise<{ port: number; stop: () => Promise<void> }> {
  const port = await getPort();
  const block = Number(await call<Hex>("eth_blockNumber")) - blocks;
  const fork = ["--fork-url", rpcUrl, "--fork-block-number", String(block), "--no-mining"];
  const child = spawnTied([...anvilWords({ port, safeDepth: SAFE_DEPTH, isQuiet: true }), ...fork], {
    stdio: "ignore",
  });
  const own = `http://127.0.0.1:${port}`;
  await waitFor({ what: "a lagging node", timeoutMs: 20_000, everyMs: 20, check: () => rpc(own, "eth_chainId") });
  return { port, stop: () => endProcess(child, { signal: "SIGKILL" }) };
}
