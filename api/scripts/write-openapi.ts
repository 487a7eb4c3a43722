import { writeFile } from "node:fs/promises";
import { buildApp } from "../src/app.ts";
import { KeyRing } from "../src/auth/api-keys.ts";
import { openChain } from "../src/chain/open.ts";
import { readConfig } from "../src/config.ts";
import { openDatabase } from "../src/db/open.ts";
import { BurnRates } from "../src/inference/burn-rates.ts";
import { openNodeAgent } from "../src/inference/call-node.ts";
import { NodeHealth } from "../src/inference/node-health.ts";
import { OpenRuns } from "../src/inference/open-runs.ts";
import { keptReconciliation } from "../src/jobs/reconcile.ts";
import { Batcher } from "../src/ledger/commit/batcher.ts";
import { openPriceBook } from "../src/metering/price-book.ts";
import { TokenCounter } from "../src/metering/token-counter.ts";

const NOBODY = `0x${"0".repeat(40)}` as const;

/** Writes the OpenAPI document of the routes. Nothing is connected to: every service opens lazily. */
const config = readConfig({
  DATABASE_URL: "postgres://nowhere",
  RPC_URL: "http://nowhere",
  ESCROW_ADDRESS: NOBODY,
  USDC_ADDRESS: NOBODY,
});
const sql = openDatabase({ url: config.databaseUrl, connections: 1 });
const chain = openChain(config);
const health = new NodeHealth();
const app = await buildApp(
  {
    config,
    sql,
    chain,
    relayer: NOBODY,
    usdcDomain: { name: "USD Coin", version: "2" },
    signIn: { sql, client: chain.client, publicUrl: config.publicUrl, chainId: config.chainId, now: () => new Date() },
    keyRing: new KeyRing(sql),
    reserves: keptReconciliation({ sql, chain }, 500),
    offRamp: null,
    cardProcessor: null,
    screener: null,
    directories: { host: "", askHost: () => Promise.reject(new Error("not connected")), ens: null, phones: null },
    onramps: new Map(),
    instanceId: "",
    changes: { listen: () => () => {} },
    inference: {
      batcher: new Batcher({ sql, instanceId: "" }),
      agent: openNodeAgent(),
      health,
      priceBook: openPriceBook({ sql, config, loadOf: health.inFlight, changes: { listen: () => () => {} } }),
      counter: new TokenCounter(),
      runs: new OpenRuns(),
      burnRates: new BurnRates(sql),
    },
  },
  false,
);
const target = process.argv[2] ?? new URL("../openapi.json", import.meta.url);
await writeFile(target, `${JSON.stringify(app.swagger(), null, 2)}\n`);
await app.close();
await sql.end();
