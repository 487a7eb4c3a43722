import { readFileSync } from "node:fs";
import { openChain } from "../src/chain/open.ts";
import type { Sql } from "../src/db/types.ts";
import { reconcileAndKeep } from "../src/jobs/reconcile.ts";

const HEX = /^0x[0-9a-fA-F]{40}$/;

type Hex = `0x${string}`;
type DevFile = { rpc: string; chainId: number; contracts: { escrow: Hex; usdc: Hex } };

/** `pnpm ledger reconcile`. @returns the exit code */
export async function reconcileCommand(sql: Sql, devFile: string): Promise<number> {
  const result = await reconcileAndKeep({ sql, chain: openChain(chainSettings(devFile)) });
  if (!result) {
    console.error("Another process is reconciling now. Try again in a few seconds.");
    return 2;
  }
  for (const { what, ledger, chain } of result.differences) console.log(`✗ ${what}: ${ledger}, on-chain ${chain}`);
  const { block, accounts, vouchers, events, differences, tookMs } = result;
  console.log(
    `Block ${block}: ${accounts} accounts, ${vouchers} vouchers, ${events} events, ${differences.length} differences (${Math.round(tookMs)} ms).`,
  );
  return result.ok ? 0 : 1;
}

/** From the environment where it names a database, from the running stack otherwise. */
function chainSettings(devFile: string) {
  const viewsSchema = process.env["INDEXER_VIEWS_SCHEMA"] ?? "indexer";
  if (!process.env["DATABASE_URL"]) {
    const { rpc: rpcUrl, chainId, contracts } = JSON.parse(readFileSync(devFile, "utf8")) as DevFile;
    return { rpcUrl, chainId, viewsSchema, ...contracts };
  }
  const read = (name: string, pattern: RegExp): string => {
    const value = process.env[name] ?? "";
    if (!pattern.test(value)) throw new Error(`Set ${name}: the comparison needs the chain.`);
    return value;
  };
  return {
    rpcUrl: read("RPC_URL", /^https?:\/\//),
    chainId: Number(read("CHAIN_ID", /^\d+$/)),
    escrow: read("ESCROW_ADDRESS", HEX) as Hex,
    usdc: read("USDC_ADDRESS", HEX) as Hex,
    viewsSchema,
  };
}
