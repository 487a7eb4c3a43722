import { parseArgs } from "node:util";

export const help = `Starts the whole stack: PostgreSQL, a local chain with the contracts, the indexer, the API, the worker, a demo
operator node, a mail server and the web app. Ctrl-C stops it; the next start goes on with the same data, chain included.

  npx -y pnpm@12.21.0 dev [options]

  --fresh   forget everything in .infr/ and start over
  --help

Ports: web 3000, API 4000, demo node 8000, mails 8025, SMTP 1025, chain 8545, indexer 42069, PostgreSQL 54329; a busy
one is replaced.
Each part can be replaced by a real one (.env.example explains every variable):

  DATABASE_URL   use this PostgreSQL instead of the embedded one
  RPC_URL        use this chain instead of the local one; then CHAIN_ID, ESCROW_ADDRESS, USDC_ADDRESS, SETTLER_KEY,
                 RELAYER_KEY, CLEARER_KEY and CUSTODIAN_KEY are needed too, and the demo flow is not run
  SMTP_URL       send mails through this server instead of showing them
  NODE_UPSTREAM  let the demo node pass through to a real OpenAI-compatible server, such as http://127.0.0.1:11434

State, keys and logs are in .infr/; .infr/dev.json lists URLs, wallets, API keys and operators.`;

export interface Options {
  fresh: boolean;
  help: boolean;
}

/** @throws TypeError for an option that does not exist */
export function readOptions(words: string[]): Options {
  // pnpm hands a separating "--" on.
  const { values } = parseArgs({
    args: words.filter((word) => word !== "--"),
    options: { fresh: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  return values;
}
