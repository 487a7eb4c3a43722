import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { anvilWords, rpc } from "../anvil.ts";
import { answers, preparePostgres } from "../postgres.mjs";
import { type Contracts, GENESIS_AGE_SECONDS, hasChainState } from "./chain.ts";
import { pathOf } from "./folder.ts";
import { type Keys, readVapid } from "./keys.ts";
import type { Part } from "./supervisor.ts";

/** Where everything is: decided before anything starts. */
export interface Layout {
  ports: Record<"web" | "api" | "node" | "chain" | "indexer" | "mail" | "smtp" | "postgres", number>;
  databaseUrl: string;
  rpcUrl: string;
  wsUrl: string;
  chainId: number;
  webUrl: string;
  apiUrl: string;
  nodeUrl: string;
  indexerUrl: string;
  mailUrl: string;
}

const node = process.execPath;

export function postgresPart({ ports, databaseUrl }: Layout): Part {
  return {
    name: "PostgreSQL",
    words: () => preparePostgres({ dir: pathOf("postgres"), port: ports.postgres }).words,
    stopSignal: "SIGINT",
    isTied: true,
    ready: () => answers(databaseUrl),
  };
}

/** Mines a transaction at once and an empty block every 3 s, so that the clock ticks and an idle chain stays small. */
export function chainPart({ ports, rpcUrl }: Layout): Part {
  return {
    name: "chain",
    words: () =>
      anvilWords({
        port: ports.chain,
        blockTime: 3,
        isMixed: true,
        isQuiet: true,
        safeDepth: 1,
        stateFile: pathOf("chain.json"),
        stateInterval: 10,
        timestamp: hasChainState() ? undefined : Math.floor(Date.now() / 1000) - GENESIS_AGE_SECONDS,
      }),
    stopSignal: "SIGTERM",
    ready: async () => Boolean(await rpc(rpcUrl, "eth_chainId")),
  };
}

export function indexerPart(layout: Layout, contracts: Contracts): Part {
  return {
    name: "indexer",
    words: () => [node, "indexer/scripts/start.ts"],
    env: { ...shared(layout, contracts), PORT: String(layout.ports.indexer), START_BLOCK: "0" },
    ready: () => isOk(`${layout.indexerUrl}/ready`),
  };
}

export function apiPart(layout: Layout, contracts: Contracts, keys: Keys): Part {
  return {
    name: "API",
    words: () => [node, "api/src/server.ts"],
    env: { ...shared(layout, contracts), ...apiSettings(keys), PORT: String(layout.ports.api) },
    ready: () => isOk(`${layout.apiUrl}/health`),
  };
}

export function workerPart(layout: Layout, contracts: Contracts, keys: Keys): Part {
  return {
    name: "worker",
    words: () => [node, "api/src/worker.ts"],
    env: {
      ...shared(layout, contracts),
      ...apiSettings(keys),
      SETTLER_KEY: keys.settler.privateKey,
      RELAYER_KEY: keys.relayer.privateKey,
      CLEARER_KEY: keys.clearer.privateKey,
      CUSTODIAN_KEY: keys.custodian.privateKey,
      PLATFORM_KEY: keys.platform.privateKey,
      VAPID_PRIVATE_KEY: readVapid().privateKey,
      VAPID_SUBJECT: "mailto:nobody@localhost",
      SMTP_URL: process.env["SMTP_URL"] || `smtp://127.0.0.1:${layout.ports.smtp}`,
      // The platform is the local contract's attributor.
      ATTRIBUTOR_KEY: keys.platform.privateKey,
      NEW_OPERATOR_DAYS: process.env["NEW_OPERATOR_DAYS"] ?? "0",
      BATCH_INTERVAL_MS: process.env["BATCH_INTERVAL_MS"] ?? "2000",
      PAYOUT_INTERVAL_MS: "2000",
      FLUSH_AFTER_SECONDS: process.env["FLUSH_AFTER_SECONDS"] ?? "10",
    },
    // It serves nobody, so there is nothing to ask: it is up unless it ends, and then the supervisor says so.
    ready: () => Promise.resolve(true),
  };
}

/** Takes every mail and shows it: none leaves this machine. */
export function mailPart({ ports, mailUrl }: Layout): Part {
  const words = ["--smtp-port", String(ports.smtp), "--port", String(ports.mail)];
  return {
    name: "mail",
    words: () => [node, "scripts/dev/mail.ts", ...words],
    ready: () => isOk(`${mailUrl}/mails`),
  };
}

export function nodePart({ ports, nodeUrl }: Layout): Part {
  const upstream = process.env["NODE_UPSTREAM"];
  const words = [
    node,
    "packages/demo-node/src/main.ts",
    "--port",
    String(ports.node),
    "--tokens-per-chunk",
    "8",
    "--delay-ms",
    "5",
  ];
  return {
    name: "demo node",
    words: () => [...words, ...(upstream ? ["--upstream", upstream] : [])],
    ready: () => isOk(`${nodeUrl}/health`),
  };
}

export function webPart({ ports, apiUrl, webUrl }: Layout): Part {
  const vite = createRequire(resolve("web/package.json")).resolve("vite/package.json");
  return {
    name: "web app",
    words: () => [node, join(vite, "..", "bin/vite.js"), "--clearScreen", "false"],
    cwd: "web",
    env: { WEB_PORT: String(ports.web), API_URL: apiUrl },
    ready: () => isOk(webUrl),
  };
}

function shared({ databaseUrl, rpcUrl, wsUrl, chainId, webUrl }: Layout, contracts: Contracts): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    RPC_URL: rpcUrl,
    WS_URL: wsUrl,
    CHAIN_ID: String(chainId),
    ESCROW_ADDRESS: contracts.escrow,
    USDC_ADDRESS: contracts.usdc,
    ALLOWANCE_RECHARGE_ADDRESS: contracts.allowanceRecharge ?? "",
    INDEXER_VIEWS_SCHEMA: "indexer",
    PUBLIC_URL: webUrl,
    HOST: "127.0.0.1",
  };
}

function apiSettings(keys: Keys): Record<string, string> {
  return {
    RELAYER_ADDRESS: keys.relayer.address,
    VAPID_PUBLIC_KEY: readVapid().publicKey,
    CUSTODIAN_ADDRESS: keys.custodian.address,
    // Two, for what takes two.
    ADMIN_WALLETS: process.env["ADMIN_WALLETS"] || `${keys.operator.address},${keys.bob.address}`,
    // Everybody knows it, as the keys above: it is worth nothing elsewhere.
    VOUCHER_SECRET: `0x${"5e".repeat(32)}`,
    ALLOW_PRIVATE_NODES: "true",
    RECONCILE_INTERVAL_MS: "2000",
    // The demo node's larger model is dear on purpose: a few answers make the minimum payout.
    MAX_PRICE_PER_MILLION_USD: process.env["MAX_PRICE_PER_MILLION_USD"] ?? "10000",
    // Everybody is at one address here: pages that poll, the demo flow, scripts.
    REQUESTS_PER_MINUTE_PER_ADDRESS: "1000000",
    SIGN_INS_PER_MINUTE_PER_ADDRESS: "1000000",
    EMAIL_CODES_PER_HOUR_PER_ADDRESS: "1000000",
    EMAIL_CODES_PER_HOUR_PER_EMAIL: "1000000",
    WRONG_EMAIL_CODES_PER_HOUR_PER_ADDRESS: "1000000",
    DEV: "true",
  };
}

async function isOk(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
}
