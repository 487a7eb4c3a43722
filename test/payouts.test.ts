import { creditEscrowAbi } from "@infr/contracts/abi";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reconcile } from "../api/src/jobs/reconcile.ts";
import { differences } from "../api/src/ledger/store.ts";
import type { TestUser } from "../api/src/testing/api.ts";
import { rpc } from "../scripts/anvil.ts";
import {
  deployAttestations,
  type PayoutWorld,
  raiseDayLimit,
  sellDearNode,
  spend,
  startPayoutWorld,
} from "./payout-world.ts";

let world: PayoutWorld;
let buyer: TestUser;
let operator: TestUser;
let earner: number;
let attestations: Awaited<ReturnType<typeof deployAttestations>>;

beforeAll(async () => {
  world = await startPayoutWorld();
  operator = await sellDearNode(world.api);
  buyer = await world.newUser();
  const number = await world.deposit(buyer, 5_000_000_000n);
  await raiseDayLimit(world, { user: buyer, number });
  earner = await world.deposit(operator, 5_000_000n);
  attestations = await deployAttestations(world);
  await world.booked();
});
afterAll(() => world?.stop());

type Answer = {
  id: string;
  state: string;
  amount: string | null;
  reason: string | null;
  code?: string;
  detail?: string;
};
type Terms = { waitsFor: string | null; verified: boolean; suspendedUntil: string | null };

async function ask(method: "wallet" | "bank" = "wallet", user = operator) {
  const answer = await world.api.app.inject({
    method: "POST",
    url: "/api/payouts",
    headers: { cookie: user.cookie },
    payload: { method },
  });
  return { status: answer.statusCode, ...answer.json<Answer>() };
}

const cancel = (id: string) =>
  world.api.app.inject({ method: "POST", url: `/api/payouts/${id}/cancel`, headers: { cookie: operator.cookie } });

async function get<T>(url: string): Promise<T> {
  return (await world.api.app.inject({ method: "GET", url, headers: { cookie: operator.cookie } })).json<T>();
}
const payouts = async () => (await get<{ payouts: Answer[] }>("/api/payouts")).payouts;
const terms = async () => (await get<{ terms: Terms }>("/api/payouts")).terms;
const stateOf = async (id: string) => (await payouts()).find((one) => one.id === id)?.state;
const wallet = () => privateKeyToAccount(operator.privateKey).address;
const usdc = () => world.anvil.readContract({ ...world.usdc, functionName: "balanceOf", args: [wallet()] });
const inState = (id: string, state: string) =>
  world.until(`${id} to be ${state}`, async () => (await stateOf(id)) === state);

/** Makes the operator earn 80 % of so many dollars, and lets two days pass. */
async function earn(dollars: number): Promise<void> {
  await spend(buyer, dollars);
  await world.settle();
  await world.pass(2);
  await world.booked();
}

const agree = async () => {
  expect((await reconcile(world.api)).differences).toEqual([]);
  expect(await differences(world.api.sql)).toEqual([]);
};

describe("a payout", () => {
  test("error: below the minimum nothing is asked for, and what is there is told", async () => {
    expect(await ask()).toMatchObject({ status: 422, code: "payout_below_minimum" });
    expect((await terms()).waitsFor).toContain("$10");
  });

  test("default: waits for the hold, is pushed once by two workers, sent, completed, with a statement", async () => {
    await spend(buyer, 20);
    expect(await get("/api/earnings")).toMatchObject({ unsettled: "20", inBatch: "0", held: "0" });
    await world.settle();
    const held = await get<{ held: string; available: string }>("/api/earnings");
    expect(held).toMatchObject({ unsettled: "0", held: "16", available: "0" });
    const { id, status, state } = await ask();
    expect({ status, state }).toEqual({ status: 201, state: "pending" });
    const again = await Promise.all([ask(), ask(), ask(), ask()]);
    expect(new Set(again.map((one) => one.id))).toEqual(new Set([id]));
    await world.push();
    expect(await stateOf(id)).toBe("pending");
    expect((await terms()).waitsFor).toContain("held for 24 to 48 hours");
    await world.pass(2);
    const before = await usdc();
    const pushed = await Promise.all([world.push(), world.push(), world.push(), world.push()]);
    expect(pushed.reduce((sum, count) => sum + count, 0)).toBe(1);
    await inState(id, "sent");
    expect((await usdc()) - before).toBe(16_000_000n);
    await world.pass(0);
    await inState(id, "completed");
    expect(await payouts()).toMatchObject([{ id, amount: "16", state: "completed" }]);
    const { batches } = await get<{ batches: object[] }>("/api/earnings/batches");
    expect(batches).toMatchObject([{ seq: 1, gross: "20", earned: "16", referral: "0" }]);
    await agree();
  });

  test("behavior: a pending one can be canceled, once; another account's is not found", async () => {
    await spend(buyer, 20);
    await world.settle();
    const { id } = await ask();
    const stranger = await world.newUser();
    const url = `/api/payouts/${id}/cancel`;
    const refused = await world.api.app.inject({ method: "POST", url, headers: { cookie: stranger.cookie } });
    expect(refused.statusCode).toBe(404);
    const answers = await Promise.all([cancel(id), cancel(id), cancel(id)]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    expect(await stateOf(id)).toBe("canceled");
    await world.pass(2);
    expect(await world.push()).toBe(0);
  });

  test("behavior: the owner's own withdrawal is seen", async () => {
    await world.booked();
    const by = operator.privateKey;
    const { transactionHash } = await world.call({
      ...world.escrow,
      by,
      functionName: "withdraw",
      args: [earner, 10_000_000n],
    });
    await world.booked();
    expect((await payouts())[0]).toMatchObject({ amount: "10", state: "sent", transactionHash });
    await agree();
  });

  test("behavior: a refused transfer fails it with the reason, earnings stay, and it can be asked for again", async () => {
    await earn(10);
    await world.call({ ...world.usdc, functionName: "blacklist", args: [wallet()] });
    const { available } = await get<{ available: string }>("/api/earnings");
    const { id } = await ask();
    await inState(id, "failed");
    expect((await payouts()).find((one) => one.id === id)?.reason).toContain("USDC refused");
    expect(await get("/api/earnings")).toMatchObject({ available });
    await world.call({ ...world.usdc, functionName: "unBlacklist", args: [wallet()] });
    const again = await ask();
    await inState(again.id, "sent");
    await agree();
  });

  test("behavior: a reorganisation brings a sent one back on its way, and it is paid once", async () => {
    await earn(20);
    const before = await usdc();
    const { id } = await ask();
    await inState(id, "sent");
    await rpc(world.api.chain.rpcUrl, "anvil_reorg", [2, []]);
    await world.until("the payout to be on its way again", async () => (await stateOf(id)) !== "sent");
    await inState(id, "sent");
    await world.pass(0);
    await inState(id, "completed");
    expect((await usdc()) - before).toBeGreaterThan(0n);
    expect((await payouts()).filter((one) => one.id === id)).toHaveLength(1);
    await agree();
  });

  test("error: suspended earners are told until when; afterwards they are paid", async () => {
    await earn(20);
    const { timestamp } = await world.anvil.getBlock();
    const until = Number(timestamp) + 86_400;
    await world.call({ ...world.escrow, functionName: "suspend", args: [earner, until, `0x${"1".repeat(64)}`] });
    expect(await ask()).toMatchObject({ status: 403, code: "payout_suspended" });
    expect((await terms()).suspendedUntil).toBe(new Date(until * 1000).toISOString());
    await world.booked();
    await agree();
    await world.pass(2);
    const { id } = await ask();
    await inState(id, "sent");
  });

  test("error: above $500 in 30 days the wallet has to be verified, by an attestation that stands", async () => {
    await earn(700);
    expect(await ask()).toMatchObject({ status: 403, code: "verification_required" });
    const uid = await attestations.verify(wallet());
    expect(await terms()).toMatchObject({ verified: true, waitsFor: null });
    await attestations.revoke(uid);
    expect(await ask()).toMatchObject({ status: 403, code: "verification_required" });
    await attestations.verify(wallet());
    const before = await usdc();
    const { id } = await ask();
    await inState(id, "sent");
    expect((await usdc()) - before).toBeGreaterThan(500_000_000n);
    await agree();
  });

  test("error: no step is taken that a payout can't take", async () => {
    const { sql } = world.api;
    const [done] = await sql<Array<{ payout_id: string }>>`select payout_id from payouts where state = 'completed'`;
    for (const state of ["pending", "processing", "sent", "canceled"]) {
      await expect(sql`update payouts set state = ${state} where payout_id = ${done?.payout_id ?? ""}`).rejects.toThrow(
        /can not go from completed/,
      );
    }
    await expect(
      sql`insert into payouts (payout_id, account_id, method, state) values ('payout_x', ${operator.accountId}, 'wallet', 'completed')`,
    ).rejects.toThrow(/begins as/);
  });
});

test("the contract's limits are the API's", async () => {
  for (const [functionName, value] of [
    ["MIN_PAYOUT", 10_000_000n],
    ["UNVERIFIED_PAYOUT_LIMIT", 500_000_000],
  ] as const) {
    const at = { address: world.api.chain.escrow, abi: creditEscrowAbi, functionName };
    expect(await world.anvil.readContract(at)).toBe(value);
  }
});
