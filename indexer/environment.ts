/** What the indexer is configured with; `.env.example` explains each. */
export interface Environment {
  databaseUrl: string;
  rpcUrl: string;
  /** Says when there is a block; null: the node is asked again and again. */
  wsUrl: string | null;
  chainId: number;
  escrow: `0x${string}`;
  startBlock: number;
  viewsSchema: string;
  port: number;
}

/** The chain of anvil and Hardhat: its blocks come fast and its history is not worth a cache. */
export const LOCAL_CHAIN_ID = 31_337;

class EnvironmentError extends Error {
  readonly code = "environment";

  constructor(name: string, expected: string) {
    super(`${name} should be ${expected}. Set it in the environment; .env.example describes it.`);
    this.name = "EnvironmentError";
  }
}

interface Rule {
  pattern: RegExp;
  expected: string;
  fallback?: string;
}

const count = (fallback?: string): Rule => ({
  pattern: /^\d{1,15}$/,
  expected: "a whole number",
  ...(fallback ? { fallback } : {}),
});

/** Reads and checks the variables: the only place of the indexer that knows their names. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const read = (name: string, { pattern, expected, fallback }: Rule): string => {
    const value = variables[name] || fallback;
    if (value === undefined || !pattern.test(value)) throw new EnvironmentError(name, expected);
    return value;
  };
  return {
    databaseUrl: read("DATABASE_URL", { pattern: /^postgres(ql)?:\/\//, expected: "a postgres:// URL" }),
    rpcUrl: read("RPC_URL", { pattern: /^https?:\/\//, expected: "an http(s):// URL" }),
    wsUrl: variables["WS_URL"] ? read("WS_URL", { pattern: /^wss?:\/\//, expected: "a ws(s):// URL" }) : null,
    chainId: Number(read("CHAIN_ID", count())),
    escrow: read("ESCROW_ADDRESS", {
      pattern: /^0x[0-9a-fA-F]{40}$/,
      expected: "the address of the escrow contract",
    }) as `0x${string}`,
    startBlock: Number(read("START_BLOCK", count("0"))),
    viewsSchema: read("INDEXER_VIEWS_SCHEMA", {
      pattern: /^[a-z_][a-z0-9_]{0,44}$/,
      expected: "a schema name of at most 45 lower-case letters, digits and underscores",
      fallback: "indexer",
    }),
    port: Number(read("PORT", count("42069"))),
  };
}
