import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { type AnvilOptions, anvilWords, slimStates } from "../scripts/anvil.ts";
import { endProcess, spawnTied } from "../scripts/process.ts";

export interface TestChain {
  rpcUrl: string;
  wsUrl: string;
  stop: () => Promise<void>;
}

class ChainStartError extends Error {
  readonly code = "chain_start";

  constructor(output: string) {
    super(`anvil ended before it listened. Its output:\n${output}`);
    this.name = "ChainStartError";
  }
}

/** A local OP-stack chain (id 31337, the well-known funded accounts) on a free port. It dies with this process. */
export async function startChain(options: Omit<AnvilOptions, "port"> = {}): Promise<TestChain> {
  const child = spawnTied(anvilWords({ ...options, port: 0 }), { stdio: ["ignore", "pipe", "pipe"] });
  const address = await listening(child);
  await slimStates(`http://${address}`);
  return {
    rpcUrl: `http://${address}`,
    wsUrl: `ws://${address}`,
    stop: () => endProcess(child, { graceMs: 20_000 }),
  };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const output: string[] = [];
    const read = (line: string) => {
      const address = /^Listening on (.+)$/.exec(line)?.[1];
      if (address) {
        output.length = 0;
        resolve(address);
        return;
      }
      if (output.push(line) > 50) output.shift();
    };
    // Both pipes are read to the end, or anvil would stop at a full one.
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on("line", read);
    child.once("error", reject);
    child.once("exit", () => reject(new ChainStartError(output.join("\n"))));
  });
}
