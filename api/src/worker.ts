import { parseUsd } from "@infr/money";
import { pino } from "pino";
import type { Address } from "viem";
import { trimAttempts } from "./auth/attempts-store.ts";
import { openChain } from "./chain/open.ts";
import { sendTransactions } from "./chain/outbox.ts";
import { openSigner } from "./chain/signers/open-signer.ts";
import type { Signer } from "./chain/signers/signer.ts";
import { readConfig } from "./config.ts";
import { migrate } from "./db/migrate.ts";
import { openDatabase } from "./db/open.ts";
import { buildBatch } from "./flow/batch/build-batch.ts";
import { remoteCoSigner } from "./flow/batch/co-signature.ts";
import { openEarners } from "./flow/batch/open-earners.ts";
import { signBatch } from "./flow/batch/sign-batch.ts";
import { rollUpUsage } from "./flow/capture/rollup-store.ts";
import { claimForKnown } from "./flow/credit/claim-credit.ts";
import { clearMoves } from "./flow/credit/clear-moves.ts";
import { convertLots } from "./flow/credit/convert-lots.ts";
import { endMoves } from "./flow/credit/end-moves.ts";
import { handOver } from "./flow/credit/hand-over.ts";
import { returnGifts } from "./flow/credit/return-gifts.ts";
import { settleAllLots } from "./flow/credit/settle-lots.ts";
import { runStandingOrders } from "./flow/credit/standing-orders.ts";
import { submitWaiting } from "./flow/credit/submit-waiting.ts";
import { sweepAddresses } from "./flow/deposit/addresses/sweep-addresses.ts";
import { watchAddresses } from "./flow/deposit/addresses/watch-addresses.ts";
import { rechargeAllowances } from "./flow/deposit/allowance/recharge-allowances.ts";
import { attributeTransfers } from "./flow/deposit/plain/attribute.ts";
import { scanPlainTransfers } from "./flow/deposit/plain/scan-plain.ts";
import { forgetAnswers } from "./flow/deposit/x402/store.ts";
import { expireJobHolds } from "./flow/hold/job-store.ts";
import { openOffRamp } from "./flow/payout/open-off-ramp.ts";
import { payBanks } from "./flow/payout/pay-banks.ts";
import { pushPayouts } from "./flow/payout/push-payouts.ts";
import { submitBatch } from "./flow/settle/submit-batch.ts";
import { attendCards } from "./funding/attend-cards.ts";
import { cardLimits, cardPace, openCards, plansOf } from "./funding/open-cards.ts";
import { rechargeAccounts } from "./funding/recharge.ts";
import { openNodeAgent } from "./inference/call-node.ts";
import { Canaries } from "./inference/canaries.ts";
import { trimHealth } from "./inference/health-store.ts";
import { followChain } from "./jobs/follow-chain.ts";
import { type Job, limited, startLoops } from "./jobs/loop.ts";
import { mirrorDayLimits } from "./jobs/mirror-day-limits.ts";
import { openNotices } from "./jobs/notices.ts";
import { publishReserves } from "./jobs/publish-reserves.ts";
import { reconcileAndKeep } from "./jobs/reconcile.ts";
import { releaseDeadInstances } from "./ledger/commit/store.ts";
import { createUsageMonths } from "./metering/store.ts";
import { openScreener } from "./screening/open-screener.ts";
import { screenAgain, screenDeposits } from "./screening/screen-wallet.ts";
import { onStop } from "./stop.ts";

const STOP_MS = 15_000;
const FOLLOW_MS = 100;
const SEND_MS = 200;
const SETTLE_MS = 200;
const CLEAR_MS = 100;
/** How often it is asked whether a batch is due. */
const BUILD_MS = 200;
const RELEASE_MS = 2_000;
const CANARY_MS = 1_000;
const PARTITION_MS = 3_600_000;
const ROLL_UP_MS = 1_000;
const FORGET_MS = 60_000;
const MIRROR_MS = 1_000;
const RESERVES_MS = 60_000;
/** Jobs whose rounds may take so many times as long as those of others: a million captures, or all accounts there are. */
const LONG_JOBS = new Set(["build batch", "sign batch", "roll up usage", "reconcile", "publish reserves"]);
const LONG = 5;
const LOTS_MS = 2_000;
const CONVERT_MS = 10_000;
const STANDING_MS = 2_000;
const CARDS_MS = 5_000;
const ALLOWANCES_MS = 5_000;

/** The worker: loops that each take up rows another step has left. Any number of workers may run. */
const config = readConfig(process.env);
const logger = pino({ level: config.logLevel });
const sql = openDatabase({ url: config.databaseUrl, connections: config.databaseConnections });
await migrate(sql);
const chain = openChain({ ...config });
if (config.settler === null || config.relayer === null)
  throw new Error("Set SETTLER_KEY and RELAYER_KEY, or …_KEYSTORE, or …_KMS_KEY_ID: the worker signs and sends.");
const [settler, account] = await Promise.all([openSigner(config.settler), openSigner(config.relayer)]);
const custodian = config.custodian && (await openSigner(config.custodian));
const platform = config.platform && (await openSigner(config.platform));
const clearer = config.clearer && (await openSigner(config.clearer));
const coSigner = config.cosignerUrl === "" ? undefined : remoteCoSigner(config.cosignerUrl);
const relayer = account.address;
const attributor = config.attributor === null ? null : await openSigner(config.attributor);
const policy = {
  flushNano: parseUsd(config.flushUsd),
  flushAfterSeconds: config.flushAfterSeconds,
  intervalMs: config.batchIntervalMs,
  fullCaptures: config.batchFullCaptures,
  heartbeatSeconds: config.heartbeatSeconds,
  caution: { newOperatorDays: config.newOperatorDays, chargebackDays: config.chargebackDays },
};

const offRamp = openOffRamp(config);
const screener = openScreener(config);
const processor = openCards(config);
const cards = processor && { sql, processor, plans: plansOf(config), pace: cardPace(config), now: () => new Date() };
const { offRampAddress } = config;

/** Owners may let us recharge them from their USDC, where there is a contract for it. */
const allowances: Job[] =
  config.allowanceRecharge === null
    ? []
    : [{ name: "recharge from allowances", everyMs: ALLOWANCES_MS, run: allowanceRound(config.allowanceRecharge) }];

function allowanceRound(contract: Address): () => Promise<void> {
  const allowances = { sql, chain, relayer, contract, custodian: config.custodianAddress };
  return () => rechargeAllowances({ allowances, logger });
}

/** The alert: a difference stays an error in the log, and in the metrics, until somebody has looked at it. */
async function reconcileAndTell(): Promise<void> {
  const result = await reconcileAndKeep({ sql, chain });
  if (result && !result.ok) {
    const differences = result.differences.map(({ ledger, chain: onChain, ...rest }) => ({
      ...rest,
      ledger: String(ledger),
      chain: String(onChain),
    }));
    logger.error({ block: String(result.block), differences }, "ledger, indexer and contract differ");
  }
}

const agent = openNodeAgent({ allowPrivate: config.allowPrivateNodes });
const canaries = new Canaries({ sql, agent, everyMs: config.canaryIntervalMs, logger });

const notices = openNotices({ sql, config, logger });
const send = (by: Signer) =>
  sendTransactions({
    sql,
    chain,
    account: by,
    bumpAfterMs: config.feeBumpAfterMs,
    maxFeePerGas: config.maxFeePerGas,
  });

const { depositIntervalMs } = config;
/** Plain transfers are credited where there is a key for it; one key has one sender. */
const attributing: Job[] =
  attributor === null
    ? []
    : [
        {
          name: "attribute transfers",
          everyMs: depositIntervalMs,
          run: () => attributeTransfers({ sql, chain, relayer, attributor: attributor.address }),
        },
        ...(attributor.address === relayer
          ? []
          : [{ name: "send attributions", everyMs: SEND_MS, run: () => send(attributor) }]),
      ];

const { sharing, voucherSecret, custodianAddress } = config;
const moves = { sql, chain, relayer, sharing, voucherSecret, custodian: custodianAddress, screener, directories: null };

const jobs: Job[] = [
  {
    name: "follow chain",
    everyMs: FOLLOW_MS,
    run: () => followChain({ sql, chain, offRampAddress, trust: config.trust }),
  },
  { name: "send transactions", everyMs: SEND_MS, run: () => send(account) },
  // The contract lets only the owner call back a gift before its time.
  ...(custodian ? [{ name: "send the custodian's transactions", everyMs: SEND_MS, run: () => send(custodian) }] : []),
  { name: "watch deposit addresses", everyMs: depositIntervalMs, run: () => watchAddresses({ sql, chain }) },
  { name: "sweep deposit addresses", everyMs: depositIntervalMs, run: () => sweepAddresses({ sql, chain, relayer }) },
  { name: "find plain transfers", everyMs: depositIntervalMs, run: () => scanPlainTransfers({ sql, chain }) },
  ...attributing,
  { name: "open earners", everyMs: config.batchIntervalMs, run: () => openEarners({ sql, chain, relayer }) },
  {
    name: "build batch",
    everyMs: Math.min(config.batchIntervalMs, BUILD_MS),
    run: async () => (await buildBatch({ sql, chain }, policy)) > 0,
    wakes: "sign batch",
  },
  {
    name: "sign batch",
    everyMs: SETTLE_MS,
    run: () => signBatch({ sql, chain, settler, coSigner }),
    wakes: "submit batch",
  },
  {
    name: "submit batch",
    everyMs: SETTLE_MS,
    run: () => submitBatch({ sql, chain, relayer }),
    wakes: "send transactions",
  },
  ...(clearer
    ? [
        {
          name: "clear moves",
          everyMs: CLEAR_MS,
          run: () => clearMoves({ sql, chain, clearer, custodian, platform, relayer }),
        },
      ]
    : []),
  ...(clearer && custodian
    ? [
        {
          name: "hand accounts over",
          everyMs: RELEASE_MS,
          run: () => handOver({ sql, chain, clearer, custodian, relayer }),
        },
      ]
    : []),
  { name: "submit waiting moves", everyMs: SETTLE_MS, run: () => submitWaiting(moves) },
  { name: "run standing orders", everyMs: STANDING_MS, run: () => runStandingOrders(moves) },
  { name: "hand over to e-mail addresses", everyMs: SETTLE_MS, run: () => claimForKnown(moves) },
  { name: "end moves", everyMs: RELEASE_MS, run: () => endMoves({ sql, chain, relayer }) },
  { name: "return gifts", everyMs: RELEASE_MS, run: () => returnGifts({ sql, chain, relayer }) },
  { name: "push payouts", everyMs: config.payoutIntervalMs, run: () => pushPayouts({ sql, chain, relayer, screener }) },
  ...(offRamp ? [{ name: "pay banks", everyMs: config.payoutIntervalMs, run: () => payBanks({ sql, offRamp }) }] : []),
  { name: "reconcile", everyMs: config.reconcileIntervalMs, run: reconcileAndTell },
  { name: "release dead instances", everyMs: RELEASE_MS, run: () => releaseDeadInstances(sql) },
  { name: "ask canaries", everyMs: CANARY_MS, run: () => canaries.begin() },
  { name: "trim node health", everyMs: PARTITION_MS, run: () => trimHealth(sql) },
  { name: "forget paid answers", everyMs: FORGET_MS, run: () => forgetAnswers(sql, { olderThanSeconds: 3_600 }) },
  { name: "expire holds of jobs", everyMs: RELEASE_MS, run: () => expireJobHolds(sql) },
  { name: "mirror day limits", everyMs: MIRROR_MS, run: () => mirrorDayLimits({ sql, chain }) },
  { name: "roll up usage", everyMs: ROLL_UP_MS, run: () => rollUpUsage(sql) },
  ...(platform
    ? [
        {
          name: "convert card lots",
          everyMs: CONVERT_MS,
          run: async () =>
            (await convertLots({
              sql,
              chain,
              relayer,
              platform: platform.address,
              windowDays: config.chargebackDays,
              now: new Date(),
            })) > 0,
          wakes: "clear moves",
        },
      ]
    : []),
  ...(screener
    ? [
        { name: "screen deposits", everyMs: depositIntervalMs, run: () => screenDeposits({ sql, screener }) },
        { name: "screen wallets again", everyMs: FORGET_MS, run: () => screenAgain({ sql, screener }) },
      ]
    : []),
  { name: "settle lots", everyMs: LOTS_MS, run: () => settleAllLots(sql, () => new Date()) },
  ...(cards
    ? [
        { name: "attend cards", everyMs: CARDS_MS, run: () => attendCards(cards, logger) },
        {
          name: "recharge accounts",
          everyMs: CARDS_MS,
          run: () => rechargeAccounts({ cards, limits: cardLimits(config), logger }),
        },
      ]
    : []),
  ...allowances,
  { name: "publish reserves", everyMs: RESERVES_MS, run: () => publishReserves({ sql, chain }) },
  ...notices.jobs,
  { name: "trim attempts", everyMs: PARTITION_MS, run: () => trimAttempts(sql) },
  { name: "create usage months", everyMs: PARTITION_MS, run: () => createUsageMonths(sql) },
];
/** A supervisor starts it anew, and everything goes on from rows. */
const limit = (job: Job): Job =>
  limited(job, {
    limitMs: config.roundLimitMs * (LONG_JOBS.has(job.name) ? LONG : 1),
    onOverrun: () => {
      logger.fatal({ job: job.name }, `${job.name} does not come to an end: the process does`);
      process.exit(1);
    },
  });
const stopLoops = startLoops(jobs.map(limit), logger);
logger.info({ jobs: jobs.map(({ name }) => name) }, "worker runs");

onStop(STOP_MS, async () => {
  await stopLoops();
  await canaries.stop();
  await notices.close();
  await agent.close();
  await sql.end({ timeout: 5 });
});
