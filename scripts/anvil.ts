import { createRequire } from "node:module";
import { join } from "node:path";

export interface AnvilOptions {
  /** 0 lets the kernel choose; anvil prints which. */
  port: number;
  /** Seconds between blocks; without it each transaction is mined at once, and nothing else. */
  blockTime?: number | undefined;
  /** With `blockTime`: transactions are mined at once all the same. */
  isMixed?: boolean | undefined;
  /** `safe` lies that many blocks behind the newest, `finalized` twice as many; 32 if not given. */
  safeDepth?: number | undefined;
  /** Of the genesis block, in seconds. */
  timestamp?: number | undefined;
  /** Read at the start if it exists, written at the end. */
  stateFile?: string | undefined;
  /** Seconds between writes of the state file while it runs. */
  stateInterval?: number | undefined;
  chainId?: number | undefined;
  /** Without a line for each call. */
  isQuiet?: boolean | undefined;
}

/**
 * How many old blocks' states stay readable. Where blocks come every 2 s or faster, anvil keeps 1500 whatever it is told,
 * each with the hashes of all blocks before it: 2 GB within half an hour of 200 ms blocks.
 */
const STATES_KEPT = 128;

/** The command line of a local OP-stack chain. The binary itself, because npm's wrapper would survive a SIGKILL. */
export function anvilWords(options: AnvilOptions): string[] {
  const flags: [string, string | number | undefined][] = [
    ["--port", options.port],
    ["--chain-id", options.chainId],
    ["--block-time", options.blockTime],
    ["--slots-in-an-epoch", options.safeDepth],
    ["--timestamp", options.timestamp],
    ["--state", options.stateFile],
    ["--state-interval", options.stateInterval],
  ];
  const given = flags.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  // Without a number of states anvil writes those it drops to the home folder: 6 GB in an hour of 200 ms blocks.
  const switches = [...(options.isMixed ? ["--mixed-mining"] : []), ...(options.isQuiet ? ["--quiet"] : [])];
  return [anvilBinary(), "--optimism", "--prune-history", String(STATES_KEPT), ...given, ...switches];
}

function anvilBinary(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const require = createRequire(import.meta.url);
  const wrapper = createRequire(require.resolve("@foundry-rs/anvil/package.json"));
  const folder = join(wrapper.resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/package.json`), "..");
  return join(folder, "bin", process.platform === "win32" ? "anvil.exe" : "anvil");
}

/** The system contracts in which each block leaves its hash (EIP-2935) and its beacon root (EIP-4788). */
const systemContracts = ["0x0000F90827F1C53a10cb7A02335B175320002935", "0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02"];

/**
 * Takes the code of two system contracts away, as their EIPs allow. They fill rings of 8191 slots that anvil copies with
 * every block's state, some 1.5 MB each when they are full.
 */
export async function slimStates(rpcUrl: string): Promise<void> {
  for (const address of systemContracts) await rpc(rpcUrl, "anvil_setCode", [address, "0x"]);
}

export class RpcError extends Error {
  readonly code = "rpc";

  constructor(method: string, detail: string) {
    super(`The chain refused ${method}: ${detail}`);
    this.name = "RpcError";
  }
}

/** One JSON-RPC call, for what viem has no typed action for. */
export async function rpc<T>(rpcUrl: string, method: string, params: unknown[] = []): Promise<T> {
  const response = await fetch(rpcUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as { result: T; error?: { message: string } };
  if (error) throw new RpcError(method, error.message);
  return result;
}
