import { parseVoucherCode } from "@infr/protocol";
import { createWalletClient, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InfrError } from "../api/src/errors.ts";
import { claimCredit, claimForKnown } from "../api/src/flow/credit/claim-credit.ts";
import { clearMoves } from "../api/src/flow/credit/clear-moves.ts";
import { endMoves } from "../api/src/flow/credit/end-moves.ts";
import { ownersTypedData, termsOf } from "../api/src/flow/credit/move-order.ts";
import type { MoveContext } from "../api/src/flow/credit/move-rules.ts";
import type { MoveRow } from "../api/src/flow/credit/moves-store.ts";
import { prepareGift } from "../api/src/flow/credit/prepare-gift.ts";
import { preparedMove, prepareTransfer } from "../api/src/flow/credit/prepare-transfer.ts";
import { redeemGift } from "../api/src/flow/credit/redeem-gift.ts";
import { returnGifts, revokeGift } from "../api/src/flow/credit/return-gifts.ts";
import { submitSignature } from "../api/src/flow/credit/submit-signature.ts";
import { newId } from "../api/src/ids.ts";
import { reconcile } from "../api/src/jobs/reconcile.ts";
import { bookBalance, differences } from "../api/src/ledger/store.ts";
import { RICH_KEY, type TestUser } from "../api/src/testing/api.ts";
import { rpc } from "../scripts/anvil.ts";
import { type PayoutWorld, sellDearNode, startPayoutWorld } from "./payout-world.ts";
import { random } from "./random.ts";

const SEED = Number(process.env["SEED"] ?? 7);
const STEPS = Number(process.env["RUNS"] ?? 40);
const DOLLAR = 1_000_000n;
const USERS = 4;
const DEPOSIT = 50n * DOLLAR;
const clearer = privateKeyToAccount(RICH_KEY);

let world: PayoutWorld;
let context: MoveContext;
const users: Array<TestUser & { userId: string }> = [];
const codes: string[] = [];
const gifts: Array<{ id: string; giver: (typeof users)[number]; isGift: boolean }> = [];
const numbers = random(SEED);
const below = (limit: number): number => Math.floor(numbers() * limit);

const emailOf = ({ userId }: { userId: string }) => `${userId}@example.com`;

beforeAll(async () => {
  world = await startPayoutWorld({ VOUCHER_SECRET: `0x${"5e".repeat(32)}` });
  const { sql, chain, config } = world.api;
  const { sharing, voucherSecret } = config;
  context = { sql, chain, relayer: world.relayer, sharing, voucherSecret, custodian: null };
  await sellDearNode(world.api);
  for (let n = 0; n < USERS; n += 1) {
    const user = await world.newUser();
    await world.deposit(user, DEPOSIT);
    const [member] = await sql<[{ user_id: string }]>`
      select user_id from account_members where account_id = ${user.accountId}`;
    const person = { ...user, userId: member.user_id };
    const [emailId, { userId }] = [newId("email"), person];
    await sql`insert into emails (email_id, user_id, address) values (${emailId}, ${userId}, ${emailOf(person)})`;
    users.push(person);
  }
  await world.pass(0);
  await world.booked();
});
afterAll(() => world?.stop());

const one = <T>(all: readonly T[]): T => {
  const found = all[below(all.length)];
  if (found === undefined) throw new Error("there is nobody");
  return found;
};
const amount = () => (below(12) + below(100) / 100).toFixed(2);

/** A refusal by name is an answer. */
async function tried(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof InfrError)) throw error;
  }
}

async function sign(user: TestUser, row: MoveRow): Promise<void> {
  const terms = termsOf(row);
  if (!terms || row.state !== "awaiting_signature") return;
  const signature = await privateKeyToAccount(user.privateKey).signTypedData(
    ownersTypedData(context.chain, row, terms),
  );
  const { kind, move_id: moveId } = row;
  await submitSignature(context, { moveId, accountId: user.accountId, isGift: kind === "gift", signature });
}

async function send(): Promise<void> {
  const [user, other] = [one(users), one(users)];
  const stranger = privateKeyToAccount(generatePrivateKey()).address;
  const to = below(5) === 0 ? { wallet: stranger } : { account: other.accountId };
  const wanted = { to, amount: amount(), note: "", idempotencyKey: newId("transfer") };
  await tried(async () => sign(user, await prepareTransfer(context, user, wanted)));
}

/** To somebody who is here, to nobody, and mostly to oneself: that is refused. */
async function sendByEmail(): Promise<void> {
  const user = one(users);
  const email = below(3) === 0 ? `nobody${below(1_000)}@example.com` : emailOf(one(users));
  const wanted = { to: { email }, amount: amount(), note: "", idempotencyKey: newId("transfer") };
  await tried(async () => {
    const row = await prepareTransfer(context, user, wanted);
    await sign(user, row);
    gifts.push({ id: row.move_id, giver: user, isGift: false });
  });
}

async function claim(): Promise<void> {
  if (gifts.length === 0) return;
  const { id: moveId } = one(gifts);
  await Promise.all(users.map((user) => tried(() => claimCredit(context, { ...user, moveId }))));
}

async function give(): Promise<void> {
  const giver = one(users);
  const lockWallet = below(4) === 0 ? privateKeyToAccount(one(users).privateKey).address : null;
  const wanted = {
    amount: amount(),
    note: "",
    expiresInSeconds: 86_400,
    lockWallet,
    lockEmail: null,
    idempotencyKey: newId("gift"),
  };
  await tried(async () => {
    const { row, code } = await prepareGift(context, giver, wanted);
    await sign(giver, row);
    codes.push(code ?? "");
    gifts.push({ id: row.move_id, giver, isGift: true });
  });
}

/** Several at once, and mostly codes that somebody else has had. */
async function redeem(): Promise<void> {
  if (codes.length === 0) return;
  const code = parseVoucherCode(one(codes));
  await Promise.all(users.map((user) => tried(() => redeemGift(context, user, code))));
}

async function revoke(): Promise<void> {
  if (gifts.length === 0) return;
  const { id, giver, isGift } = one(gifts);
  await tried(async () => {
    const { call } = await revokeGift(context, { ...giver, moveId: id, isGift });
    if (!call) return;
    const account = privateKeyToAccount(giver.privateKey);
    await world.anvil.setBalance({ address: account.address, value: 10n ** 18n });
    const wallet = createWalletClient({ account, transport: http(context.chain.rpcUrl) });
    // The contract may say no: somebody has redeemed it meanwhile.
    await wallet.sendTransaction({ ...call, gas: 300_000n, chain: null });
  });
}

async function ask(): Promise<void> {
  const content = `Write ${10 + below(40)} tokens.`;
  const chat = { model: "demo/large", messages: [{ role: "user" as const, content }], max_tokens: 60 };
  await one(users)
    .openai.chat.completions.create(chat)
    .catch((error: { status?: number }) => {
      if (error.status !== 402 && error.status !== 403) throw error;
    });
}

/** What the worker does. */
async function round(): Promise<void> {
  await clearMoves({ ...context, clearer, custodian: null, platform: null });
  await endMoves(context);
  await claimForKnown(context);
  await returnGifts(context);
  await world.round();
}

/** Signs what could not be signed before: its recipient's account was being opened. */
async function signWaiting(): Promise<void> {
  const waiting = await context.sql<Array<{ move_id: string; account_id: string }>>`
    select move_id, account_id from moves where state = 'awaiting_signature'`;
  for (const { move_id: moveId, account_id: accountId } of waiting) {
    const user = users.find((known) => known.accountId === accountId);
    if (user) await tried(async () => sign(user, await preparedMove(context, { moveId, accountId })));
  }
}

async function reorganise(): Promise<void> {
  await world.booked();
  await rpc(context.chain.rpcUrl, "anvil_reorg", [1 + below(3), []]);
}

const STEPS_OF: Array<() => Promise<unknown>> = [
  send,
  send,
  () => Promise.all([send(), send(), give(), ask(), ask()]),
  give,
  give,
  () => Promise.all([redeem(), revoke(), send()]),
  sendByEmail,
  sendByEmail,
  () => Promise.all([claim(), revoke(), claimForKnown(context), claim()]),
  redeem,
  revoke,
  () => Promise.all([ask(), ask(), round()]),
  round,
  () => Promise.all([round(), round()]),
  signWaiting,
  () => world.booked(),
  () => world.booked(),
  () => world.pass(below(3) === 0 ? 1 : 0),
  reorganise,
];

/** Nothing is on its way any more: every move has come to an end, every gift has been redeemed or went back. */
async function settleDown(): Promise<void> {
  for (let pass = 0; pass < 3; pass += 1) {
    await world.pass(2);
    await world.until("every move to have ended", async () => {
      await round();
      const open = await context.sql`
        select from moves where state in ('pending', 'active') union all select from transactions where state in ('queued', 'sent')`;
      return open.length === 0;
    });
  }
  await world.booked();
}

test("a transfer is spendable soon after it was asked for: measured, not asserted", async () => {
  const [alice, bob] = users;
  if (!alice || !bob) throw new Error("there is nobody");
  const startedAt = performance.now();
  const wanted = { to: { account: bob.accountId }, amount: "1", note: "", idempotencyKey: newId("transfer") };
  const row = await prepareTransfer(context, alice, wanted);
  await sign(alice, row);
  await world.until("the transfer to have come", async () => {
    await round();
    return (await preparedMove(context, { moveId: row.move_id, accountId: alice.accountId })).state === "completed";
  });
  const took = (performance.now() - startedAt).toFixed(0);
  console.log(`from the request to spendable: ${took} ms, with an indexer that asks for blocks once a second`);
});

test(`property: no credit is made or lost, whatever users do at once (seed ${SEED}, ${STEPS} steps)`, async () => {
  const { sql } = context;
  for (let step = 0; step < STEPS; step += 1) {
    await one(STEPS_OF)();
    if (step % 2 === 0) await round();
  }
  await settleDown();
  const ended = await sql<Array<{ kind: string; state: string; n: number }>>`
    select kind, state, count(*)::int as n from moves group by 1, 2 order by 1, 2`;
  console.log(ended.map(({ kind, state, n }) => `${kind} ${state}: ${n}`).join(", "));
  expect(await differences(sql)).toEqual([]);
  expect((await reconcile(world.api)).differences).toEqual([]);
  expect(await bookBalance(sql, { book: "vouchers" })).toBe(0n);
  const held = await world.anvil.readContract({ ...world.escrow, functionName: "liabilities" });
  expect(await bookBalance(sql, { book: "escrow" })).toBe(held * 1_000n);
  expect(await sql`select from holds where expires_at = 'infinity'`).toHaveLength(0);
});
