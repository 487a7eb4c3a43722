import { createRequire } from "node:module";
import { join } from "node:path";

export interface AnvilOptions {
  /** 0 lets the kernel choose; anvil prints which. */
  port: number;
  /** Seconds between blocks; without it each transaction is mined at once. */
  blockTime?: number | undefined;
  /** Of the genesis block, in seconds. */
  timestamp?: number | undefined;
  /** Read at the start if it exists, written at the end. */
  stateFile?: string | undefined;
  /** Seconds between writes of the state file while it runs. */
  stateInterval?: number | undefined;
  chainId?: number | undefined;
  extra?: string[] | undefined;
}

/** The command line of a local OP-stack chain. The binary itself, because npm's wrapper would survive a SIGKILL. */
export function anvilWords(options: AnvilOptions): string[] {
  const flags: [string, string | number | undefined][] = [
    ["--port", options.port],
    ["--chain-id", options.chainId],
    ["--block-time", options.blockTime],
    ["--timestamp", options.timestamp],
    ["--state", options.stateFile],
    ["--state-interval", options.stateInterval],
  ];
  const given = flags.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return [anvilBinary(), "--optimism", ...given, ...(options.extra ?? [])];
}

function anvilBinary(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const require = createRequire(import.meta.url);
  const wrapper = createRequire(require.resolve("@foundry-rs/anvil/package.json"));
  const folder = join(wrapper.resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/package.json`), "..");
  return join(folder, "bin", process.platform === "win32" ? "anvil.exe" : "anvil");
}
