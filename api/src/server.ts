import { privateKeyToAccount } from "viem/accounts";
import { buildApp } from "./app.ts";
import { KeyRing } from "./auth/api-keys.ts";
import { openChain } from "./chain/open.ts";
import { readUsdcDomain } from "./chain/usdc-domain.ts";
import { readConfig } from "./config.ts";
import { migrate } from "./db/migrate.ts";
import { openDatabase } from "./db/open.ts";
import { openOnramps } from "./flow/deposit/onramps/open-onramps.ts";
import { openOffRamp } from "./flow/payout/open-off-ramp.ts";
import { openCards } from "./funding/open-cards.ts";
import { newId } from "./ids.ts";
import { BurnRates } from "./inference/burn-rates.ts";
import { openNodeAgent } from "./inference/call-node.ts";
import { writeNodeHealth } from "./inference/health-store.ts";
import { NodeHealth } from "./inference/node-health.ts";
import { OpenRuns } from "./inference/open-runs.ts";
import { startLoop } from "./jobs/loop.ts";
import { keptReconciliation } from "./jobs/reconcile.ts";
import { Batcher } from "./ledger/commit/batcher.ts";
import { keepLease } from "./ledger/commit/lease.ts";
import { ChangeListener } from "./live/change-listener.ts";
import { ChangeTeller } from "./live/change-teller.ts";
import { openPriceBook } from "./metering/price-book.ts";
import { TokenCounter } from "./metering/token-counter.ts";
import { openDirectories } from "./names/open-directories.ts";
import { openOutboundAgent } from "./outbound/post.ts";
import { openScreener } from "./screening/open-screener.ts";
import { onStop } from "./stop.ts";

/** Running answers get this long to finish, then they are broken off and billed for what was relayed. */
const GRACE_MS = 10_000;
const STOP_MS = 18_000;
const HEALTH_MS = 10_000;
/** One for commits, one for the lease: they never wait behind what somebody reads. */
const LEDGER_CONNECTIONS = 2;

/** The API: opens what it needs, serves, and on SIGTERM finishes what it has begun. */
const config = readConfig(process.env);
const sql = openDatabase({ url: config.databaseUrl, connections: config.databaseConnections });
await migrate(sql);
const chain = openChain({ ...config });
const instanceId = newId("inst");
const ledgerSql = openDatabase({ url: config.databaseUrl, connections: LEDGER_CONNECTIONS });
const onLiveError = (error: unknown) => app.log.error({ err: error }, "changes are not told");
const teller = new ChangeTeller({ sql, onError: onLiveError });
const changes = new ChangeListener({
  open: () => openDatabase({ url: config.databaseUrl, connections: 1 }),
  onError: onLiveError,
});
const batcher = new Batcher({ sql: ledgerSql, instanceId, onCommitted: teller.committed });
const agent = openNodeAgent({ allowPrivate: config.allowPrivateNodes });
const health = new NodeHealth();
const inference = {
  batcher,
  agent,
  health,
  priceBook: openPriceBook({ sql, config, changes, loadOf: health.inFlight }),
  counter: new TokenCounter(),
  runs: new OpenRuns(),
  burnRates: new BurnRates(sql),
};
const relayer =
  config.relayerAddress ??
  (config.relayer?.kind === "key" ? privateKeyToAccount(config.relayer.privateKey).address : null);
if (relayer === null) throw new Error("Set RELAYER_ADDRESS (or RELAYER_KEY): who sends transactions for users.");
const strangers = openOutboundAgent({ allowPrivate: config.allowPrivateNodes });
const app = await buildApp(
  {
    config,
    sql,
    chain,
    relayer,
    usdcDomain: await readUsdcDomain(chain),
    signIn: { sql, client: chain.client, publicUrl: config.publicUrl, chainId: config.chainId, now: () => new Date() },
    keyRing: new KeyRing(sql),
    reserves: keptReconciliation({ sql, chain }, 2 * config.reconcileIntervalMs),
    inference,
    changes,
    instanceId,
    offRamp: openOffRamp(config),
    cardProcessor: openCards(config),
    onramps: openOnramps(config),
    screener: openScreener(config),
    directories: openDirectories(config, strangers),
  },
  {
    level: config.logLevel,
    redact: [
      "req.headers.authorization",
      "req.headers['x-api-key']",
      "req.headers.cookie",
      "req.headers['payment-signature']",
    ],
  },
);

// Only now: routes and their schemas keep the process busy for seconds, on a slow machine for longer than a lease.
const lease = await keepLease(ledgerSql, {
  instanceId,
  onLost: () => {
    console.error("The lease was lost: this process may not bill any more. It ends, a new one has to take over.");
    process.exit(1);
  },
});

const writeHealth = startLoop(
  { name: "write node health", everyMs: HEALTH_MS, run: () => writeNodeHealth(sql, health) },
  app.log,
);

onStop(STOP_MS, async () => {
  const breakOff = async () => {
    await inference.runs.stop();
    app.server.closeAllConnections();
  };
  const grace = setTimeout(() => void breakOff(), GRACE_MS);
  await app.close();
  clearTimeout(grace);
  await inference.runs.stop();
  await inference.counter.stop();
  await batcher.drained();
  await teller.stop();
  await changes.stop();
  await writeHealth.stop();
  await writeNodeHealth(sql, health).catch((error: unknown) => app.log.error({ err: error }, "node health is lost"));
  await lease.stop();
  await agent.close();
  await strangers.close();
  await Promise.all([sql.end({ timeout: 5 }), ledgerSql.end({ timeout: 5 })]);
});
await changes.start();
await app.listen({ host: config.host, port: config.port });
