import { LOCAL_CHAIN_ID } from "./chain.ts";
import type { Layout } from "./parts.ts";
import { choosePorts } from "./ports.ts";

const defaults = {
  web: 3000,
  api: 4000,
  node: 8000,
  chain: 8545,
  indexer: 42_069,
  mail: 8025,
  smtp: 1025,
  postgres: 54_329,
};

export class MissingVariableError extends Error {
  readonly code = "missing_variable";

  constructor(name: string) {
    super(`RPC_URL names a chain, so ${name} is needed too. Set it, or leave RPC_URL out to start a local chain.`);
    this.name = "MissingVariableError";
  }
}

/** What the environment replaces and where the rest will listen. */
export async function planLayout(variables: NodeJS.ProcessEnv): Promise<{ layout: Layout; notes: string[] }> {
  const { ports, notes } = await choosePorts(defaults);
  const rpcUrl = variables["RPC_URL"] || `http://127.0.0.1:${ports.chain}`;
  const layout = {
    ports,
    databaseUrl: variables["DATABASE_URL"] || `postgres://postgres@127.0.0.1:${ports.postgres}/postgres`,
    rpcUrl,
    wsUrl: variables["WS_URL"] || rpcUrl.replace(/^http/, "ws"),
    chainId: variables["RPC_URL"] ? Number(demand("CHAIN_ID", variables)) : LOCAL_CHAIN_ID,
    // One origin for everybody: a cookie or a SIWE domain of 127.0.0.1 is not one of localhost.
    webUrl: `http://localhost:${ports.web}`,
    apiUrl: `http://127.0.0.1:${ports.api}`,
    nodeUrl: `http://127.0.0.1:${ports.node}`,
    mailUrl: `http://127.0.0.1:${ports.mail}`,
    indexerUrl: `http://127.0.0.1:${ports.indexer}`,
  };
  return { layout, notes };
}

/** A variable that is needed beside RPC_URL. */
export function demand(name: string, variables: NodeJS.ProcessEnv): string {
  const value = variables[name];
  if (!value) throw new MissingVariableError(name);
  return value;
}
