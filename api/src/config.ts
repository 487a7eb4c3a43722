import envSchema from "env-schema";
import { type Static, Type } from "typebox";

const HEX_KEY = "^0x[0-9a-fA-F]{64}$";
const RATE = { minimum: 1, maximum: 1_000_000_000 };
const ADDRESS = "^0x[0-9a-fA-F]{40}$";

/** Every variable that server and worker read; `.env.example` lists the same names and a test compares them. */
export const environmentSchema = Type.Object({
  DATABASE_URL: Type.String({ description: "PostgreSQL that holds the ledger, and the indexer's views." }),
  DATABASE_CONNECTIONS: Type.Integer({
    default: 10,
    minimum: 2,
    maximum: 200,
    description: "Connections that a process opens for what it reads; a server has two more for its ledger.",
  }),
  RPC_URL: Type.String({ description: "HTTP endpoint of a node of the chain." }),
  CHAIN_ID: Type.Integer({ default: 8453, description: "8453 Base, 84532 Base Sepolia, 31337 local." }),
  ESCROW_ADDRESS: Type.String({ pattern: ADDRESS, description: "The CreditEscrow contract." }),
  USDC_ADDRESS: Type.String({ pattern: ADDRESS, description: "The USDC token that the escrow holds." }),
  INDEXER_VIEWS_SCHEMA: Type.String({
    default: "indexer",
    pattern: "^[a-z_][a-z0-9_]{0,62}$",
    description: "Database schema with the indexer's views.",
  }),
  PUBLIC_URL: Type.String({
    default: "http://localhost:3000",
    description: "The one origin that users see: SIWE domain and links.",
  }),
  HOST: Type.String({ default: "127.0.0.1", description: "Address the server listens on." }),
  PORT: Type.Integer({ default: 4000, minimum: 0, maximum: 65535, description: "Port the server listens on." }),
  LOG_LEVEL: Type.String({ default: "info", description: "fatal, error, warn, info, debug, trace or silent." }),
  SETTLER_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that signs batches. Worker only.",
  }),
  COSIGNER_URL: Type.String({
    default: "",
    pattern: "^$|^https?://",
    description: "Where the co-signer listens, if the contract's settler is a SettlerWallet. Worker only.",
  }),
  COSIGNER_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that co-signs batches. Co-signer only, never beside SETTLER_KEY.",
  }),
  RELAYER_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that sends transactions and pays their gas. Worker only.",
  }),
  RELAYER_ADDRESS: Type.String({
    default: "",
    pattern: `^$|${ADDRESS}`,
    description: "Address of the relayer, for servers that queue transactions without its key.",
  }),
  BATCH_INTERVAL_MS: Type.Integer({ default: 60_000, minimum: 100, description: "Pause between batches." }),
  BATCH_FULL_CAPTURES: Type.Integer({
    default: 100_000,
    minimum: 1,
    maximum: 1_000_000,
    description: "Unsettled captures at which a batch is built before that pause is over.",
  }),
  HEARTBEAT_SECONDS: Type.Integer({
    default: 86_400,
    minimum: 60,
    maximum: 604_800,
    description: "Time without a batch after which an empty one is settled: after 14 days credit could be withdrawn.",
  }),
  FLUSH_USD: Type.String({
    default: "0.2",
    pattern: "^[0-9]+(\\.[0-9]{1,9})?$",
    description: "Unsettled usage at which an account's line goes into the next batch.",
  }),
  FLUSH_AFTER_SECONDS: Type.Integer({
    default: 86_400,
    minimum: 0,
    description: "Age at which a smaller line goes too.",
  }),
  FEE_BUMP_AFTER_MS: Type.Integer({
    default: 15_000,
    minimum: 100,
    description: "Age at which an unmined transaction is sent again with higher fees.",
  }),
  MAX_PRICE_PER_MILLION_USD: Type.String({
    default: "100",
    pattern: "^[0-9]+(\\.[0-9]{1,3})?$",
    description: "Highest price that a node may ask for a million tokens.",
  }),
  MAX_PRICE_TIER_MULTIPLE: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 1_000_000,
    description: "How many times the default price of a model's size a node may ask.",
  }),
  MAX_UNIT_PRICE_USD: Type.String({
    default: "10",
    pattern: "^[0-9]+(\\.[0-9]{1,9})?$",
    description: "Highest price that a node may ask for a unit of a resource, such as a GPU second.",
  }),
  CANARY_INTERVAL_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    description: "Pause between two requests for one token that a node gets from the platform, to see that it lives.",
  }),
  ALLOW_PRIVATE_NODES: Type.Boolean({
    default: false,
    description: "Accept http and private addresses as node URLs. For development.",
  }),
  REQUESTS_PER_MINUTE_PER_KEY: Type.Integer({
    default: 6_000,
    ...RATE,
    description: "What a key may ask under /v1, in each server process, unless it has a rate of its own.",
  }),
  REQUESTS_PER_MINUTE_PER_ADDRESS: Type.Integer({
    default: 1_200,
    ...RATE,
    description: "What an address may ask elsewhere, in each server process.",
  }),
  SIGN_INS_PER_MINUTE_PER_ADDRESS: Type.Integer({
    default: 30,
    ...RATE,
    description: "What an address may ask of sign-in, in each server process.",
  }),
  FAILED_KEYS_PER_MINUTE_PER_ADDRESS: Type.Integer({
    default: 60,
    ...RATE,
    description: "Invalid keys that an address may send, in each server process.",
  }),
  DEV: Type.Boolean({
    default: false,
    description: "Offer the web app's dev wallet and test USDC. Never in production.",
  }),
});

type Environment = Static<typeof environmentSchema>;
type Hex = `0x${string}`;

/** What server and worker are configured with. */
export type Config = ReturnType<typeof readConfig>;

/** Reads and checks the environment: the only place that knows variable names. Throws with the name of a bad one. */
export function readConfig(environment: NodeJS.ProcessEnv) {
  const env = envSchema<Environment>({ schema: environmentSchema, data: environment, dotenv: false, env: false });
  return {
    databaseUrl: env.DATABASE_URL,
    databaseConnections: env.DATABASE_CONNECTIONS,
    rpcUrl: env.RPC_URL,
    chainId: env.CHAIN_ID,
    escrow: env.ESCROW_ADDRESS.toLowerCase() as Hex,
    usdc: env.USDC_ADDRESS.toLowerCase() as Hex,
    viewsSchema: env.INDEXER_VIEWS_SCHEMA,
    publicUrl: new URL(env.PUBLIC_URL),
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    settlerKey: optional(env.SETTLER_KEY),
    cosignerUrl: env.COSIGNER_URL,
    cosignerKey: optional(env.COSIGNER_KEY),
    relayerKey: optional(env.RELAYER_KEY),
    relayerAddress: optional(env.RELAYER_ADDRESS.toLowerCase()),
    batchIntervalMs: env.BATCH_INTERVAL_MS,
    batchFullCaptures: env.BATCH_FULL_CAPTURES,
    heartbeatSeconds: env.HEARTBEAT_SECONDS,
    flushUsd: env.FLUSH_USD,
    flushAfterSeconds: env.FLUSH_AFTER_SECONDS,
    feeBumpAfterMs: env.FEE_BUMP_AFTER_MS,
    maxPricePerMillionUsd: env.MAX_PRICE_PER_MILLION_USD,
    maxPriceTierMultiple: env.MAX_PRICE_TIER_MULTIPLE,
    maxUnitPriceUsd: env.MAX_UNIT_PRICE_USD,
    canaryIntervalMs: env.CANARY_INTERVAL_MS,
    allowPrivateNodes: env.ALLOW_PRIVATE_NODES,
    dev: env.DEV,
    /** Requests in a minute. */
    rates: {
      key: env.REQUESTS_PER_MINUTE_PER_KEY,
      address: env.REQUESTS_PER_MINUTE_PER_ADDRESS,
      signIn: env.SIGN_INS_PER_MINUTE_PER_ADDRESS,
      failedKeys: env.FAILED_KEYS_PER_MINUTE_PER_ADDRESS,
    },
  };
}

const optional = (text: string): Hex | null => (text === "" ? null : (text as Hex));
