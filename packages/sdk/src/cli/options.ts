import { type ParseArgsConfig, parseArgs } from "node:util";
import { addressBook } from "@infr/contracts/addresses";
import { type Address, createPublicClient, http, isAddress } from "viem";
import { openSettledBatches, type SettledBatches } from "../verify/settled-batches.ts";

export const RPC_TIMEOUT_MS = 20_000;

/** A command line that can't be carried out as it stands; the message says what to write. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "usage";
}

const OPTIONS = {
  rpc: { type: "string" },
  escrow: { type: "string" },
  api: { type: "string" },
  save: { type: "string" },
  root: { type: "string" },
  memo: { type: "string" },
  key: { type: "string" },
  every: { type: "string" },
  starts: { type: "string" },
  ends: { type: "string" },
  "dry-run": { type: "boolean" },
  direct: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsConfig["options"];

/** What was asked for, options completed from the environment. */
export interface Request {
  command: string | undefined;
  words: string[];
  rpc: string | undefined;
  escrow: string | undefined;
  api: string | undefined;
  apiKey: string | undefined;
  save: string | undefined;
  root: string | undefined;
  memo: string | undefined;
  key: string | undefined;
  every: string | undefined;
  starts: string | undefined;
  ends: string | undefined;
  privateKey: string | undefined;
  dryRun: boolean;
  direct: boolean;
  json: boolean;
  help: boolean;
}

/** @throws UsageError for options that don't exist */
export function readRequest(args: string[], environment: Record<string, string | undefined>): Request {
  try {
    const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
    const [command, ...words] = positionals;
    return {
      command,
      words,
      rpc: values.rpc ?? environment["RPC_URL"],
      escrow: values.escrow ?? environment["ESCROW_ADDRESS"],
      api: values.api ?? environment["INFR_API"],
      apiKey: environment["INFR_API_KEY"],
      save: values.save,
      root: values.root,
      memo: values.memo,
      key: values.key,
      every: values.every,
      starts: values.starts,
      ends: values.ends,
      privateKey: environment["INFR_PRIVATE_KEY"],
      dryRun: values["dry-run"] ?? false,
      direct: values.direct ?? false,
      json: values.json ?? false,
      help: values.help ?? false,
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The chain behind `--rpc`, and the escrow that the user trusts: the one he names, or the project's own on that chain. Never one
 * out of the file that is to be checked. @throws UsageError
 */
export async function openChain({ rpc, escrow }: Request): Promise<SettledBatches> {
  if (rpc === undefined) throw new UsageError("Say which chain to ask: --rpc URL, or RPC_URL in the environment.");
  const client = createPublicClient({ transport: http(rpc, { timeout: RPC_TIMEOUT_MS }), cacheTime: 0 });
  return openSettledBatches({ client, escrow: trustedEscrow(await client.getChainId(), escrow) });
}

/** The escrow that the user names, or the project's own on that chain. @throws UsageError */
export function trustedEscrow(chainId: number, given: string | undefined): Address {
  if (given !== undefined) {
    if (!isAddress(given)) throw new UsageError(`--escrow ${given} is no address. Write 0x and 40 digits.`);
    return given;
  }
  const known = Object.entries(addressBook).find(([id]) => Number(id) === chainId)?.[1].deployment;
  if (!known) throw new UsageError(`No escrow is known on chain ${chainId}. Say which one you trust: --escrow 0x….`);
  return known.escrow;
}
