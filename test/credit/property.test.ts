import { bytesToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEarners } from "../../api/src/flow/batch/open-earners.ts";
import { claimForKnown } from "../../api/src/flow/credit/claim-credit.ts";
import { clearMoves } from "../../api/src/flow/credit/clear-moves.ts";
import { convertLots } from "../../api/src/flow/credit/convert-lots.ts";
import { endMoves } from "../../api/src/flow/credit/end-moves.ts";
import { returnGifts } from "../../api/src/flow/credit/return-gifts.ts";
import { runStandingOrders } from "../../api/src/flow/credit/standing-orders.ts";
import { reconcile } from "../../api/src/jobs/reconcile.ts";
import { bookBalance, differences } from "../../api/src/ledger/store.ts";
import { RICH_KEY } from "../../api/src/testing/api.ts";
import { rpc } from "../../scripts/anvil.ts";
import { custodyIn } from "./custody.ts";
import { depositsIn } from "./deposits.ts";
import { cardsIn, grantsIn } from "./funding.ts";
import { transfersIn, vouchersIn } from "./moves.ts";
import { newsIn } from "./news.ts";
import { paymentsIn } from "./payments.ts";
import { custodian } from "./reader.ts";
import { referralsIn } from "./referrals.ts";
import { subscriptionsIn } from "./subscriptions.ts";
import { type CreditWorld, MICRO, startCreditWorld } from "./world.ts";

const SEED = Number(process.env["SEED"] ?? 7);
const STEPS = Number(process.env["RUNS"] ?? 14);
/** An account may owe at most $2 after an answer that cost more than was thought. */
const MOST_DEBT_NANO = 2_000_000_000n;
const SETTLEMENT_GROUP = 2;
const clearer = privateKeyToAccount(RICH_KEY);

let world: CreditWorld;
let moves: ReturnType<typeof transfersIn> & ReturnType<typeof vouchersIn>;
let funding: ReturnType<typeof cardsIn> & ReturnType<typeof grantsIn>;
let deposits: ReturnType<typeof depositsIn>;
let custody: ReturnType<typeof custodyIn>;
let payments: ReturnType<typeof paymentsIn>;
let subscriptions: ReturnType<typeof subscriptionsIn>;
let referrals: ReturnType<typeof referralsIn>;

beforeAll(async () => {
  world = await startCreditWorld(SEED);
  moves = { ...transfersIn(world), ...vouchersIn(world) };
  const news = newsIn(world);
  funding = { ...cardsIn(world, news), ...grantsIn(world) };
  subscriptions = subscriptionsIn(world, news);
  deposits = depositsIn(world);
  custody = custodyIn(world);
  payments = paymentsIn(world);
  referrals = referralsIn(world);
});
afterAll(() => world?.stop());

async function ask(): Promise<void> {
  const content = `Write ${10 + world.below(40)} tokens.`;
  const chat = { model: "demo/large", messages: [{ role: "user" as const, content }], max_tokens: 60 };
  await world
    .one(world.users)
    .openai.chat.completions.create(chat)
    .catch((error: { status?: number }) => {
      if (error.status !== 402 && error.status !== 403) throw error;
    });
}

/** What the worker does; the clearer is the platform's account, too. */
async function round(): Promise<void> {
  await custody.attend();
  await clearMoves({ ...world.context, clearer, custodian, platform: clearer });
  await endMoves(world.context);
  await claimForKnown(world.context);
  await returnGifts(world.context);
  await funding.attend();
  await openEarners(world.context);
  await deposits.follow();
  await world.bringToChain();
  await world.round();
}

/** What is left of card credit becomes account-paid: here it could be disputed still, and is. */
async function convert(): Promise<void> {
  const { sql, chain, relayer } = world.context;
  await convertLots({ sql, chain, relayer, platform: clearer.address, windowDays: 0, now: new Date() });
}

/** The guardian undoes the newest batch: its captures wait for another one. */
async function undo(): Promise<void> {
  await world.booked();
  const [batch] = await world.sql<Array<Record<string, unknown>>>`
    select * from batches where state in ('mined', 'final') order by seq desc limit 1`;
  if (!batch) return;
  const settlement = {
    seq: batch["seq"],
    prev: batch["prev"],
    receiptsRoot: batch["receipts_root"],
    periodEnd: Math.floor((batch["period_end"] as Date).getTime() / 1000),
    deadline: Number(batch["deadline"]),
    debits: bytesToHex(batch["debits"] as Uint8Array),
    credits: bytesToHex(batch["credits"] as Uint8Array),
    referrals: bytesToHex(batch["referrals"] as Uint8Array),
  };
  const { timestamp } = await world.anvil.getBlock();
  const [settled] = await world.anvil.getContractEvents({
    ...world.escrow,
    eventName: "BatchSettled",
    fromBlock: 0n,
    args: { seq: settlement.seq as bigint },
  });
  const { timestamp: settledAt } = await world.anvil.getBlock({ blockNumber: settled?.blockNumber ?? 0n });
  if (timestamp - settledAt > 80_000n) return; // it can be undone within a day
  await world.call({ ...world.escrow, functionName: "pause", args: [SETTLEMENT_GROUP, timestamp + 3_600n] });
  await world.call({ ...world.escrow, functionName: "void", args: [settlement] });
  await world.call({ ...world.escrow, functionName: "unpause", args: [SETTLEMENT_GROUP] });
  await world.booked();
}

async function reorganise(): Promise<void> {
  await world.booked();
  await rpc(world.context.chain.rpcUrl, "anvil_reorg", [1 + world.below(3), []]);
}

const STEPS_OF: Array<() => Promise<unknown>> = [
  () => moves.send(),
  () => Promise.all([moves.send(), moves.send(), moves.give(), ask(), ask(), funding.buy()]),
  () => moves.give(),
  () => Promise.all([moves.redeem(), moves.revoke(), moves.send(), funding.revokeLot()]),
  () => moves.askAndPay(),
  () => Promise.all([moves.order(), runStandingOrders(world.context), runStandingOrders(world.context)]),
  () => moves.sendByEmail(),
  () => Promise.all([moves.sendByEmail(), ask(), moves.sendByEmail()]),
  () => Promise.all([moves.claim(), moves.revoke(), claimForKnown(world.context), moves.claim()]),
  () => moves.redeem(),
  () => moves.revoke(),
  () => moves.signWaiting(),
  () => Promise.all([ask(), ask(), round(), funding.grant()]),
  () => Promise.all([ask(), ask(), ask(), moves.send(), funding.refund()]),
  () => funding.grant(),
  () => funding.buy(),
  () => Promise.all([funding.refund(), ask(), funding.dispute()]),
  () => funding.dispute(),
  () => Promise.all([convert(), convert(), ask()]),
  () => Promise.all([convert(), funding.refund(), funding.dispute(), moves.send()]),
  () => Promise.all([funding.closeDispute(), ask(), moves.give()]),
  () => funding.revokeLot(),
  () => deposits.pay(),
  () => deposits.payAddress(),
  () => Promise.all([deposits.payAddress(), ask(), moves.send(), moves.redeem()]),
  () => deposits.allow(),
  () => Promise.all([deposits.recharge(), deposits.recharge(), ask(), ask(), ask()]),
  () => payments.pay(),
  () => Promise.all([payments.pay(), payments.pay(), ask(), moves.send(), deposits.pay()]),
  () => Promise.all([payments.payAgain(), ask(), moves.give()]),
  () => subscriptions.begin(),
  () => Promise.all([subscriptions.renew(), ask(), moves.send()]),
  () => Promise.all([subscriptions.renew(), subscriptions.giveBack(), subscriptions.end()]),
  () => Promise.all([subscriptions.giveBack(), subscriptions.giveBack(), ask()]),
  () => referrals.join(),
  () => custody.takeOver(),
  () => Promise.all([custody.takeOver(), round(), moves.send(), moves.revoke()]),
  round,
  () => Promise.all([round(), round()]),
  () => world.build(),
  undo,
  () => world.booked(),
  () => world.pass(world.below(3) === 0 ? 1 : 0),
  reorganise,
];

/** Nothing is on its way any more: every move has come to an end, every gift has been redeemed or went back. */
async function settleDown(): Promise<void> {
  await funding.settleDown();
  await payments.settleDown();
  await custody.takeOver();
  await round();
  // What is on its way gets there or lapses; what nobody claims goes back after thirty days.
  for (const days of [2, 31, 2]) {
    await world.pass(days);
    await world.until("every transfer to have ended", async () => {
      await round();
      const open = await world.sql`
        select from moves where state = 'pending' union all select from transactions where state in ('queued', 'sent')`;
      return open.length === 0 && (await deposits.isQuiet());
    });
  }
  await world.until("every voucher to be closed", async () => {
    await round();
    return (await world.sql`select from moves where state = 'active'`).length === 0;
  });
  await world.booked();
  await world.until("everything to be settled", async () => {
    await round();
    const batches = await world.sql`select from batches where state in ('built', 'signed', 'submitted')`;
    const captures = await world.sql`select from usage where batch_id is null and cost_nano > 0 limit 1`;
    if (batches.length === 0 && captures.length > 0) await world.build();
    return batches.length === 0 && captures.length === 0;
  });
  await funding.settleDown();
}

test(`property: no credit is made or lost, whatever users do at once (seed ${SEED}, ${STEPS} steps)`, async () => {
  const { sql } = world;
  for (let step = 0; step < STEPS; step += 1) {
    await world.one(STEPS_OF)();
    if (step % 2 === 0) await round();
  }
  await settleDown();
  const ended = await sql<Array<{ what: string; n: number }>>`
    select kind || ' ' || state as what, count(*)::int as n from moves group by 1
    union all select 'lot of ' || kind || ' ' || state, count(*)::int from lots group by 1
    union all select 'batch ' || state, count(*)::int from batches group by 1 order by 1`;
  console.log(ended.map(({ what, n }) => `${what}: ${n}`).join(", "));
  expect(await differences(sql)).toEqual([]);
  expect((await reconcile(world.api)).differences).toEqual([]);
  expect(await bookBalance(sql, { book: "vouchers" })).toBe(0n);
  const held = await world.anvil.readContract({ ...world.escrow, functionName: "liabilities" });
  expect(await bookBalance(sql, { book: "escrow" })).toBe(held * MICRO);
  expect(await sql`select from holds where expires_at = 'infinity'`).toHaveLength(0);
  await expectLotsAgree();
  await expectOnlyPaidCreditMoved();
  await expectNobodyElses();
  await custody.expectOwnersKnown();
  await payments.expectPaidOnce();
  await subscriptions.expectOneLotEach();
  await referrals.expectOnePercent();
});

/** Lots say what balances say, and account 1 has what they were promised. */
async function expectLotsAgree(): Promise<void> {
  const wrong = await world.sql`
    select b.account_id, b.funded_nano, coalesce(l.left_nano, 0) as lots_have
    from balances b left join (select account_id, sum(left_nano) as left_nano from lots group by 1) l using (account_id)
    where b.funded_nano <> coalesce(l.left_nano, 0)`;
  expect(wrong).toEqual([]);
  const [row] = await world.sql<[{ granted: bigint; truth: bigint }]>`
    select granted_nano as granted, (select coalesce(sum(amount_nano - taken_nano - converted_nano), 0) from lots)::bigint as truth from funding`;
  expect(row.granted).toBe(row.truth);
}

/**
 * Nobody gave away more than he had paid for, plus what may be owed: what was granted to him never left his account but as
 * usage.
 */
async function expectOnlyPaidCreditMoved(): Promise<void> {
  const rows = await world.sql<Array<{ account_id: string; paid_in: bigint; moved_out: bigint; owes: bigint }>>`
    select b.account_id, b.debt_nano as owes,
      coalesce((select sum(amount_nano) from entries where credit_book = 'credit' and credit_account = b.account_id), 0)::bigint as paid_in,
      coalesce((select sum(amount_nano) from entries where debit_book = 'credit' and debit_account = b.account_id), 0)::bigint as moved_out
    from balances b join accounts a using (account_id) where a.kind <> 'platform'`;
  expect(rows.filter(({ paid_in, moved_out }) => moved_out > paid_in)).toEqual([]);
  expect(rows.filter(({ owes }) => owes > MOST_DEBT_NANO)).toEqual([]);
}

/** What was for one wallet or e-mail address was redeemed by somebody who has it. */
async function expectNobodyElses(): Promise<void> {
  const wrong = await world.sql`
    select m.move_id from moves m join accounts a on a.account_id = m.redeemer_id
    where m.state = 'redeemed'
      and ((m.lock_wallet is not null and current_owner(a) <> m.lock_wallet and not exists (
          select from account_members o join wallets w using (user_id)
          where o.account_id = m.redeemer_id and w.address = m.lock_wallet))
        or (m.lock_email is not null and not exists (
          select from account_members o join emails e using (user_id)
          where o.account_id = m.redeemer_id and lower(e.address) = m.lock_email)))`;
  expect(wrong).toEqual([]);
}
