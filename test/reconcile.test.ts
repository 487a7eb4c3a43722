import {
  clearanceTypedData,
  type OperationMessages,
  type OperationName,
  operationHash,
  operationTypedData,
} from "@infr/protocol";
import { type Hex, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRevert } from "../api/src/chain/rpc-errors.ts";
import { reconcile, reconcileAndKeep } from "../api/src/jobs/reconcile.ts";
import { newestReconciliation } from "../api/src/jobs/reconcile-store.ts";
import { differences } from "../api/src/ledger/store.ts";
import { RICH_KEY, type TestUser } from "../api/src/testing/api.ts";
import { rpc } from "../scripts/anvil.ts";
import {
  type PayoutWorld,
  RevertedError,
  raiseDayLimit,
  sellDearNode,
  spend,
  startPayoutWorld,
} from "./payout-world.ts";
import { random } from "./random.ts";

const SEED = Number(process.env["SEED"] ?? 7);
const STEPS = Number(process.env["RUNS"] ?? 60);
const DOLLAR = 1_000_000n;

let world: PayoutWorld;
let users: Array<{ user: TestUser; number: number }>;
let operator: TestUser;
let earner: number;
const numbers = random(SEED);
const below = (limit: number): number => Math.floor(numbers() * limit);
/** Vouchers that were made and not closed. */
const vouchers: Array<{ key: Hex; from: number }> = [];

beforeAll(async () => {
  world = await startPayoutWorld();
  operator = await sellDearNode(world.api);
  users = [];
  for (let made = 0; made < 4; made++) {
    const user = await world.newUser();
    users.push({ user, number: await world.deposit(user, 100n * DOLLAR) });
  }
  earner = await world.deposit(operator, 5n * DOLLAR);
  await world.booked();
});
afterAll(() => world?.stop());

async function signed<N extends OperationName>(by: Hex, name: N, message: OperationMessages[N]): Promise<[Hex, Hex]> {
  const at = { chainId: world.api.chainId, escrow: world.api.chain.escrow };
  const clearance = { operation: operationHash(name, message), deadline: deadlineOf(message) };
  return [
    await privateKeyToAccount(by).signTypedData(operationTypedData(at, name, message)),
    await privateKeyToAccount(RICH_KEY).signTypedData(clearanceTypedData(at, clearance)),
  ];
}

const deadlineOf = (message: object): number => ("deadline" in message ? Number(message.deadline) : 0);
const one = () => users[below(users.length)] ?? fail();
const fail = (): never => {
  throw new Error("there are users");
};
const stateOf = (number: number) =>
  world.anvil.readContract({ ...world.escrow, functionName: "accountOf", args: [number] });
const inAnHour = async () => Number((await world.anvil.getBlock()).timestamp) + 3_600;

async function transfer(): Promise<void> {
  const [from, to] = [one(), one()];
  const { balance, nonce } = await stateOf(from.number);
  if (from === to || balance === 0n) return;
  const amount = balance / 10n + 1n;
  const move = { from: from.number, to: to.number, amount, memo: zeroHash, deadline: await inAnHour() };
  const signatures = await signed(from.user.privateKey, "Transfer", { ...move, nonce });
  await world.call({ ...world.escrow, functionName: "transfer", args: [move, ...signatures] });
}

async function createVoucher(): Promise<void> {
  const from = one();
  const { balance, nonce } = await stateOf(from.number);
  if (balance < DOLLAR) return;
  const key = generatePrivateKey();
  const expiry = (await inAnHour()) + 86_400;
  const order = {
    from: from.number,
    key: privateKeyToAccount(key).address,
    amount: DOLLAR,
    to: 0,
    expiry,
    deadline: await inAnHour(),
  };
  const signatures = await signed(from.user.privateKey, "CreateVoucher", { ...order, nonce });
  await world.call({ ...world.escrow, functionName: "createVoucher", args: [order, ...signatures] });
  vouchers.push({ key, from: from.number });
}

async function closeVoucher(): Promise<void> {
  const voucher = vouchers.splice(below(vouchers.length), 1)[0];
  if (!voucher) return;
  const key = privateKeyToAccount(voucher.key).address;
  const issuer = users.find(({ number }) => number === voucher.from) ?? fail();
  if (below(3) === 0) {
    await world.call({ ...world.escrow, by: issuer.user.privateKey, functionName: "reclaimVoucher", args: [key] });
    return;
  }
  const { from, expiry, nonce } = await world.anvil.readContract({
    ...world.escrow,
    functionName: "voucherOf",
    args: [key],
  });
  const to = one().number;
  const [signature] = await signed(voucher.key, "Redeem", { key, to, from, expiry, nonce });
  await world.call({ ...world.escrow, functionName: "redeemVoucher", args: [key, to, signature] });
}

const deposit = async () => void (await world.deposit(one().user, BigInt(5 + below(20)) * DOLLAR));
const setDayLimit = () => raiseDayLimit(world, one());

async function suspendSomebody(): Promise<void> {
  const until = (await inAnHour()) + below(1_000_000);
  const { number } = one();
  const suspended = await world.anvil.readContract({ ...world.escrow, functionName: "suspendedUntil", args: [number] });
  if (suspended === 0)
    await world.call({ ...world.escrow, functionName: "suspend", args: [number, until, `0x${"7".repeat(64)}`] });
}

/** A reorganisation that takes some blocks away for good. */
async function reorganise(): Promise<void> {
  await world.booked();
  const before = vouchers.length;
  await rpc(world.api.chain.rpcUrl, "anvil_reorg", [1 + below(3), []]);
  // Which vouchers are left is the chain's to say.
  for (const voucher of vouchers.splice(0, before)) {
    const key = privateKeyToAccount(voucher.key).address;
    const { amount } = await world.anvil.readContract({ ...world.escrow, functionName: "voucherOf", args: [key] });
    if (amount > 0n) vouchers.push(voucher);
  }
}

/** What the contract refuses changes nothing: a reorganisation may have brought an earlier move back before this one. */
async function tried(operation: () => Promise<void>): Promise<void> {
  try {
    await operation();
  } catch (error) {
    if (!(error instanceof RevertedError) && !isRevert(error)) throw error;
  }
}

const OPERATIONS = [
  transfer,
  transfer,
  createVoucher,
  createVoucher,
  closeVoucher,
  deposit,
  setDayLimit,
  suspendSomebody,
  reorganise,
];

describe("reconciliation", () => {
  test(`property: after any ${STEPS} moves, and reorganisations between them, nothing differs (seed ${SEED})`, async () => {
    for (let step = 0; step < STEPS; step++) await tried(OPERATIONS[below(OPERATIONS.length)] ?? fail());
    await world.booked();
    expect((await reconcile(world.api)).differences).toEqual([]);
    expect(await differences(world.api.sql)).toEqual([]);
  });

  test("behavior: earnings, converted and withdrawn, agree too, and a new owner is known", async () => {
    const buyer = users[0] ?? fail();
    await deposit();
    await spend(buyer.user, 30);
    await world.settle();
    await world.pass(2);
    const by = operator.privateKey;
    await world.call({ ...world.escrow, by, functionName: "convertEarnings", args: [earner, 3n * DOLLAR] });
    await world.call({ ...world.escrow, by, functionName: "withdraw", args: [earner, 11n * DOLLAR] });
    const next = generatePrivateKey();
    const { nonce } = await stateOf(buyer.number);
    const rotation = {
      account: buyer.number,
      owner: privateKeyToAccount(next).address,
      deadline: await inAnHour(),
    };
    const [old, clearance] = await signed(buyer.user.privateKey, "RotateOwner", { ...rotation, nonce });
    const [fresh] = await signed(next, "RotateOwner", { ...rotation, nonce });
    await world.call({ ...world.escrow, functionName: "rotateOwner", args: [rotation, old, fresh, clearance] });
    await world.booked();
    expect((await reconcile(world.api)).differences).toEqual([]);
  });

  test("default: the result is kept, and served without asking the chain", async () => {
    const kept = await reconcileAndKeep(world.api);
    expect(await newestReconciliation(world.api.sql)).toEqual({ ...kept, tookMs: expect.any(Number) });
    const served = await world.api.app.inject({ method: "GET", url: "/api/reserves" });
    expect(served.json()).toMatchObject({ ok: true, differences: 0, block: Number(kept?.block) });
  });

  test("error: what differs is a row, a metric, and never put right", async () => {
    const { sql, app } = world.api;
    const { user } = users[1] ?? fail();
    await sql`
      insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
      values ('mistake', 1, 'escrow', '', 'credit', ${user.accountId}, 5000)`;
    await sql`delete from account_changes where what = 'owner'`;
    const [found, second] = await Promise.all([reconcileAndKeep(world.api), reconcileAndKeep(world.api)]);
    const result = found ?? second;
    expect([found, second].filter(Boolean)).toHaveLength(1);
    expect(result?.differences.map(({ what }) => what.split(" ")[0])).toEqual([
      "owner",
      "credit",
      "liabilities",
      "escrow",
    ]);
    const rows = await sql`select what from reconciliation_differences order by line`;
    expect(rows).toHaveLength(4);
    expect((await app.inject({ url: "/metrics" })).body).toContain("infr_reconciliation_differences 4");
    expect((await app.inject({ url: "/api/reserves" })).json()).toMatchObject({ ok: false, differences: 4 });
  });
});
