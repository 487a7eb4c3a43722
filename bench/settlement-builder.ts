import { readFileSync } from "node:fs";
import { createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { openChain } from "../api/src/chain/open.ts";
import { readConfig } from "../api/src/config.ts";
import { openDatabase } from "../api/src/db/open.ts";
import { buildBatch } from "../api/src/flow/batch/build-batch.ts";
import { signBatch } from "../api/src/flow/batch/sign-batch.ts";
import { isSigned, settleCall } from "../api/src/flow/settle/settle-call.ts";
import { openBatch } from "../api/src/flow/settle/store.ts";
import { SETTLER_KEY } from "./settlement-world.ts";

/** Builds, signs and submits one batch, in a process of its own, and prints what it took. */
const config = readConfig(process.env);
const sql = openDatabase({ url: config.databaseUrl, connections: 4 });
const chain = openChain({ ...config });
const settler = privateKeyToAccount(SETTLER_KEY);
const startedAt = performance.now();
const secondsSince = (moment: number): number => (performance.now() - moment) / 1000;

const captures = await buildBatch(
  { sql, chain },
  { flushNano: 200_000_000n, flushAfterSeconds: 86_400, intervalMs: 0, fullCaptures: 1, heartbeatSeconds: 86_400 },
);
const built = secondsSince(startedAt);
await signBatch({ sql, chain, settler });
const batch = await openBatch(sql);
if (!batch || !isSigned(batch)) throw new Error("nothing was signed");
const writer = createWalletClient({ account: settler, transport: http(chain.rpcUrl) });
const hash = await writer.sendTransaction({ to: chain.escrow, data: settleCall(batch), chain: null });
const { status, gasUsed } = await chain.client.waitForTransactionReceipt({
  hash,
  checkReplacement: false,
  pollingInterval: 20,
});
if (status !== "success") throw new Error(`${hash} was reverted`);
const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
console.log(
  JSON.stringify({
    captures,
    builtSeconds: built,
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    seconds: secondsSince(startedAt),
    rssMb: Number(peak) / 1024,
    gasUsed: Number(gasUsed),
    grossMicro: Number(batch.gross_micro),
    lines: (batch.debits.length + batch.credits.length + batch.referrals.length) / 9,
  }),
);
await sql.end();
