import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LOCAL_CHAIN_ID, readEnvironment } from "../environment.ts";
import { readChain } from "./chain.ts";
import { lockSchema } from "./lock.ts";
import { schemaName } from "./schema-name.ts";
import { dropIfSetBack } from "./set-back.ts";

/** Runs Ponder on the schema that belongs to this code and this chain, and makes the views name it. */

const root = resolve(import.meta.dirname, "..");
const environment = readEnvironment();
const { databaseUrl, viewsSchema, chainId, startBlock, escrow, port } = environment;

const chain = await readChain(environment);
const schema = schemaName(root, {
  escrow: escrow.toLowerCase(),
  chainId,
  startBlock,
  startBlockHash: chain.startBlockHash,
});
await lockSchema(databaseUrl, schema);
// A node of a public chain may lag behind for a while; only a local chain is ever set back.
if (chainId === LOCAL_CHAIN_ID && (await dropIfSetBack({ databaseUrl, schema }, chain))) {
  console.log(`The chain came back older than what was indexed in ${schema}: indexing starts over.`);
}
console.log(`Indexing chain ${chainId} into schema ${schema}, read through ${viewsSchema}.`);

const ponder = fileURLToPath(import.meta.resolve("ponder")).replace(/index\.js$/, "bin/ponder.js");
const words = ["start", "--root", root, "--schema", schema, "--views-schema", viewsSchema];
words.push("--port", String(port), "--hostname", process.env["HOST"] || "127.0.0.1", "--log-format", "json");
process.env["PONDER_TELEMETRY_DISABLED"] = "true";
// In this process, so that there is one to signal and none to be left behind.
process.argv = [process.execPath, ponder, ...words];
await import(ponder);
