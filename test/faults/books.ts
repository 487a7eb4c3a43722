import { creditEscrowAbi } from "@infr/contracts/abi";
import { reconcile } from "../../api/src/jobs/reconcile.ts";
import { differences } from "../../api/src/ledger/store.ts";
import { waitFor } from "../../scripts/process.ts";
import { SAFE_DEPTH } from "./chain.ts";
import type { World } from "./world.ts";

const FINAL_MS = 30_000;
const NANO_PER_MICRO = 1_000n;
const PLATFORM_NUMBER = 1;

/** Lets the chain grow until everything that was settled is final. */
export async function settleAll({ sql, chain }: World): Promise<void> {
  await chain.mine(2 * SAFE_DEPTH + 2);
  await waitFor({
    what: "every batch to be final",
    timeoutMs: FINAL_MS,
    everyMs: 50,
    check: async () =>
      (await sql`select from batches where state not in ('final', 'voided') limit 1`).length === 0 &&
      (
        await sql`select from usage u left join batches b using (batch_id) where b.state is distinct from 'final' limit 1`
      ).length === 0,
  });
}

type Books = { wrong: string[]; settled: number; voided: number };

/** Captured = batched = settled = earned, to the last unit, in our books and in the contract's. */
export async function checkBooks(world: World, told: ReadonlyMap<string, bigint>): Promise<Books> {
  const { sql, view } = world;
  const wrong: string[] = [];
  const same = (what: string, one: bigint, other: bigint) => {
    if (one !== other) wrong.push(`${what}: ${one} and ${other}`);
  };
  const captured = await capturedOnce(world, { told, wrong });
  const [batched] = await sql<[{ gross: bigint; nano: bigint; carried: bigint; settled: number; voided: number }]>`
    with live as (select * from batches where state = 'final')
    select
      (select coalesce(sum(gross_micro), 0)::bigint from live) as gross,
      (select coalesce(sum(paid_nano + funded_nano), 0)::bigint from batch_accounts join live using (batch_id)) as nano,
      (select coalesce(sum(carry_out_nano), 0)::bigint from (
        select distinct on (account_id) carry_out_nano from batch_accounts join live using (batch_id)
        order by account_id, batch_id desc) c) as carried,
      (select count(*)::int from live) as settled,
      (select count(*)::int from batches where state = 'voided') as voided`;
  same("captured and batched, nano-dollars", captured, batched.nano);
  same("batched, and lines with what is carried", batched.nano, batched.gross * NANO_PER_MICRO + batched.carried);
  same("lines in the books and in the contract", batched.gross, await settledOnChain(world));
  same("settled and earned", batched.gross, await earnedOnChain(world));
  for (const { what, counter, recomputed } of await differences(sql))
    wrong.push(`${what}: ${counter}, recomputed ${recomputed}`);
  const { differences: differing } = await reconcile({ sql, chain: view });
  for (const { what, ledger, chain } of differing) wrong.push(`${what}: ledger ${ledger}, chain ${chain}`);
  wrong.push(...(await mismatches(world)));
  return { wrong, settled: batched.settled, voided: batched.voided };
}

/** Each answered request is in the log once, at its price, and in one live batch. @returns what all of them cost */
async function capturedOnce(
  { sql }: World,
  { told, wrong }: { told: ReadonlyMap<string, bigint>; wrong: string[] },
): Promise<bigint> {
  const rows = await sql<Array<{ request_id: string; cost_nano: bigint; n: number }>>`
    select request_id, sum(cost_nano)::bigint as cost_nano, count(*)::int as n from usage group by 1`;
  const logged = new Map(rows.map((row) => [row.request_id, row]));
  for (const [requestId, nano] of told) {
    const row = logged.get(requestId);
    if (row?.cost_nano !== nano || row.n !== 1)
      wrong.push(`${requestId} cost ${nano}, logged ${row?.n} times as ${row?.cost_nano}`);
  }
  if (logged.size !== told.size) wrong.push(`${told.size} were captured, ${logged.size} are logged`);
  return rows.reduce((sum, row) => sum + row.cost_nano, 0n);
}

/** Gross of the batches that the contract has settled and not undone, µUSDC, from its events alone. */
async function settledOnChain({ view, contracts }: World): Promise<bigint> {
  const all = { address: contracts.escrow, abi: creditEscrowAbi, fromBlock: 0n } as const;
  const [settled, undone] = await Promise.all([
    view.client.getContractEvents({ ...all, eventName: "BatchSettled" }),
    view.client.getContractEvents({ ...all, eventName: "BatchVoided" }),
  ]);
  const gone = new Set(undone.map((log) => log.args.batchHash));
  return settled.filter((log) => !gone.has(log.args.batchHash)).reduce((sum, log) => sum + (log.args.gross ?? 0n), 0n);
}

/** What operators and the platform have earned in the contract, µUSDC: nothing is paid out here. */
async function earnedOnChain({ sql, view, contracts, operators }: World): Promise<bigint> {
  const rows = await sql<Array<{ chain_account: bigint }>>`
    select chain_account from accounts where account_id in ${sql(operators.map(({ accountId }) => accountId))}`;
  const numbers = [PLATFORM_NUMBER, ...rows.map((row) => Number(row.chain_account))];
  const words = await Promise.all(
    numbers.map((number) =>
      view.client.readContract({
        address: contracts.escrow,
        abi: creditEscrowAbi,
        functionName: "earnerOf",
        args: [number],
      }),
    ),
  );
  return words.reduce((sum, word) => sum + word.available + BigInt(word.previous) + BigInt(word.current), 0n);
}

/** Batches whose event in the contract is not the one in the books, and transactions that did not come to an end. */
async function mismatches({ sql, view, contracts }: World): Promise<string[]> {
  const wrong: string[] = [];
  const logs = await view.client.getContractEvents({
    address: contracts.escrow,
    abi: creditEscrowAbi,
    eventName: "BatchSettled",
    fromBlock: 0n,
  });
  const digests = logs.map((log) => log.args.batchHash ?? "0x");
  if (new Set(digests).size !== digests.length) wrong.push("a digest was settled twice");
  const rows = await sql<Array<{ digest: string }>>`select digest from batches where settled_event_id is not null`;
  const booked = new Set(rows.map((row) => row.digest));
  for (const digest of digests) if (!booked.has(digest)) wrong.push(`${digest} was settled and is not in the books`);
  if (booked.size !== digests.length) wrong.push(`${digests.length} were settled, ${booked.size} are in the books`);
  // Nothing goes to the chain that the journal does not have: after a crash nobody would know of it.
  const sent = logs.map((log) => log.transactionHash);
  const known = await sql`select hash from transaction_attempts where hash in ${sql(sent)}`;
  if (known.length !== new Set(sent).size)
    wrong.push(`${sent.length} settlements were mined, ${known.length} are journalled`);
  const twice = await sql<Array<{ n: number }>>`
    select count(*)::int as n from (
      select from transactions where state in ('mined', 'final') and kind = 'settle' group by data having count(*) > 1) t`;
  if (twice[0]?.n !== 0) wrong.push(`${twice[0]?.n} settlements were mined in two transactions`);
  return wrong;
}
