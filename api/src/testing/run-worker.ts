import { privateKeyToAccount } from "viem/accounts";
import { startFollower } from "../../../test/faults/follower.ts";
import { sendTransactions } from "../chain/outbox.ts";
import { followChain } from "../jobs/follow-chain.ts";
import { type Job, startLoop } from "../jobs/loop.ts";
import { RICH_KEY, type TestApi } from "./api.ts";

const ROUND_MS = 20;

/** What a worker and an indexer do about deposits, in this process; each part can be stopped by itself. */
export async function runWorker(api: TestApi, more: Job[] = []) {
  const { sql, chain } = api;
  const follower = await startFollower({ sql, rpcUrl: chain.rpcUrl, escrow: chain.escrow });
  const account = privateKeyToAccount(RICH_KEY);
  const logger = { error: (facts: object) => console.error(facts) };
  const send = () => sendTransactions({ sql, chain, account, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
  const starts: Record<string, Job> = {
    follow: {
      name: "follow",
      everyMs: ROUND_MS,
      run: () => followChain({ sql, chain, offRampAddress: null, trust: api.config.trust }),
    },
    send: { name: "send", everyMs: ROUND_MS, run: send },
    ...Object.fromEntries(more.map((job) => [job.name, job])),
  };
  const running = new Map(Object.entries(starts).map(([name, job]) => [name, startLoop(job, logger)]));
  const pause = async (name: string) => {
    await running.get(name)?.stop();
    running.delete(name);
  };
  return {
    /** Ends one of the loops, and waits for its round. */
    pause,
    resume: (name: string) => {
      const job = starts[name];
      if (job && !running.has(name)) running.set(name, startLoop(job, logger));
    },
    stop: async () => {
      for (const name of running.keys()) await pause(name);
      await follower.stop();
    },
  };
}
