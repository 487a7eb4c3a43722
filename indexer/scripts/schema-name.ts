import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { creditEscrowAbi } from "@infr/contracts/abi";

export interface SchemaFacts {
  escrow: string;
  chainId: number;
  startBlock: number;
  startBlockHash: string;
}

/**
 * Ponder refuses a schema that other code filled. So its name is a hash of what decides the rows: the sources, the ABI,
 * the contract and the chain, which a local one shares its id with all others, hence the hash of its first block.
 */
export function schemaName(root: string, facts: SchemaFacts): string {
  const hash = createHash("sha256");
  for (const file of sourceFiles(root)) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  hash.update(JSON.stringify([creditEscrowAbi, facts]));
  return `indexer_${hash.digest("hex").slice(0, 16)}`;
}

function sourceFiles(root: string): string[] {
  const inSource = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const handlers = inSource.filter((file) => file.endsWith(".ts")).map((file) => join("src", file));
  return ["package.json", "ponder.config.ts", "ponder.schema.ts", ...handlers].sort();
}
