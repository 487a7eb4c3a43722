import { erc20Abi } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InfrError } from "../api/src/errors.ts";
import { cancelPayout, requestPayout } from "../api/src/flow/payout/request-payout.ts";
import { reconcile } from "../api/src/jobs/reconcile.ts";
import { differences } from "../api/src/ledger/store.ts";
import type { TestUser } from "../api/src/testing/api.ts";
import { rpc } from "../scripts/anvil.ts";
import { type PayoutWorld, sellDearNode, spend, startPayoutWorld } from "./payout-world.ts";
import { random } from "./random.ts";

const SEED = Number(process.env["SEED"] ?? 11);
const STEPS = Number(process.env["RUNS"] ?? 8);
const DOLLAR = 1_000_000n;
const MODELS = ["demo/small", "demo/large"];

type Operator = { user: TestUser; number: number; model: string; isBlocked: boolean };

let world: PayoutWorld;
let buyer: TestUser;
const operators: Operator[] = [];
const numbers = random(SEED);
const below = (limit: number): number => Math.floor(numbers() * limit);

beforeAll(async () => {
  world = await startPayoutWorld();
  buyer = await world.newUser();
  await world.deposit(buyer, 5_000n * DOLLAR);
  for (const model of MODELS) {
    const user = await sellDearNode(world.api, model);
    operators.push({ user, model, number: await world.deposit(user, 5n * DOLLAR), isBlocked: false });
  }
  await world.booked();
});
afterAll(() => world?.stop());

const one = (): Operator => operators[below(operators.length)] ?? fail();
const fail = (): never => {
  throw new Error("there are operators");
};
const walletOf = ({ user }: Operator) => privateKeyToAccount(user.privateKey).address;
const earnerOf = ({ number }: Operator) =>
  world.anvil.readContract({ ...world.escrow, functionName: "earnerOf", args: [number] });

/** A refusal by name is an answer. */
async function tried(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof InfrError)) throw error;
  }
}

const request = ({ user }: Operator) =>
  tried(() =>
    requestPayout({ ...world.api, offRamp: null, screener: null }, { accountId: user.accountId, method: "wallet" }),
  );

async function cancel({ user }: Operator): Promise<void> {
  const { accountId } = user;
  const [row] = await world.api.sql<Array<{ payout_id: string }>>`
    select payout_id from payouts where account_id = ${accountId} order by created_at desc limit 1`;
  if (row) await tried(() => cancelPayout(world.api.sql, { payoutId: row.payout_id, accountId }));
}

/** The owner takes out, or turns into credit, some of what is available. */
async function take(operator: Operator): Promise<void> {
  const { available } = await earnerOf(operator);
  const by = operator.user.privateKey;
  const at = { ...world.escrow, by };
  if (available >= 10n * DOLLAR && !operator.isBlocked && below(2) === 0)
    await world.call({ ...at, functionName: "withdraw", args: [operator.number, 10n * DOLLAR] });
  else if (available > 0n)
    await world.call({ ...at, functionName: "convertEarnings", args: [operator.number, 1_000n] });
}

async function block(operator: Operator): Promise<void> {
  operator.isBlocked = !operator.isBlocked;
  const functionName = operator.isBlocked ? "blacklist" : "unBlacklist";
  await world.call({ ...world.usdc, functionName, args: [walletOf(operator)] });
}

async function sell(operator: Operator): Promise<void> {
  await spend(buyer, 20 + below(3) * 10, operator.model);
  await world.settle();
}

async function reorganise(): Promise<void> {
  await world.booked();
  await rpc(world.api.chain.rpcUrl, "anvil_reorg", [1 + below(3), []]);
}

const OPERATIONS: Array<(operator: Operator) => Promise<unknown>> = [
  request,
  request,
  cancel,
  take,
  block,
  sell,
  () => world.round(),
  () => Promise.all([world.round(), world.round()]),
  () => world.pass(1),
  reorganise,
];

test(`property: whatever comes between, a payout is paid once or not at all (seed ${SEED}, ${STEPS} steps)`, async () => {
  for (const operator of operators) await sell(operator);
  for (let step = 0; step < STEPS; step++) await (OPERATIONS[below(OPERATIONS.length)] ?? fail())(one());
  for (const operator of operators) if (operator.isBlocked) await block(operator);
  await world.pass(2);
  for (const operator of operators) await request(operator);
  const { sql } = world.api;
  await world.until("every payout to have come to its end", async () => {
    const pushed = await world.push();
    const [open] = await sql<[{ n: number }]>`select count(*)::int as n from payouts where state = 'processing'`;
    return pushed === 0 && open.n === 0;
  });
  await world.booked();
  for (const operator of operators) {
    const held = await world.anvil.readContract({
      address: world.api.chain.usdc,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [walletOf(operator)],
    });
    const [row] = await sql<[{ paid: bigint }]>`
      select coalesce(sum(amount_micro), 0)::bigint as paid from payouts
      where account_id = ${operator.user.accountId} and state in ('sent', 'completed')`;
    expect(row.paid).toBe(held);
    expect(held).toBeGreaterThan(0n);
  }
  expect((await reconcile(world.api)).differences).toEqual([]);
  expect(await differences(sql)).toEqual([]);
});
