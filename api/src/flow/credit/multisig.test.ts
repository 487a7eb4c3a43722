import { parseUsd } from "@infr/money";
import type { Hex, TypedDataDefinition } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../ids.ts";
import { readBalance } from "../../ledger/balance.ts";
import { differences } from "../../ledger/store.ts";
import { credit, newUser, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { type Answer, carryOut, type Order } from "../../testing/moves.ts";
import { deployMultisig } from "../../testing/multisig.ts";
import { fundPlatform, openCustodial, openOnChain } from "../../testing/on-chain.ts";
import { join, newPerson, type Person } from "../../testing/teams.ts";

const TEN = 10_000_000n;
let api: TestApi;
let wallet: Awaited<ReturnType<typeof deployMultisig>>;
let owner: Person;
let team: string;
let bob: TestUser;
let from: bigint;

beforeAll(async () => {
  api = await startApi();
  await fundPlatform(api);
  bob = await newUser(api);
  await openOnChain(api, bob, TEN);
  wallet = await deployMultisig(api);
  owner = await newPerson(api);
  const made = await post(owner, "/api/teams", { payload: { name: "Team", owner: wallet.address } });
  expect(made.status).toBe(201);
  team = made.body.id;
  await openCustodial(api, { accountId: team }, TEN);
  await credit(api.sql, team, parseUsd("10"));
  from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
});
afterAll(async () => {
  expect(await differences(api.sql)).toEqual([]);
  await api.stop();
});

async function post(
  { cookie }: { cookie: string },
  url: string,
  { payload, account }: { payload: object; account?: string },
): Promise<{ status: number; body: Answer }> {
  const headers = { cookie, "idempotency-key": newId("transfer"), ...(account && { "infr-account": account }) };
  const answer = await api.app.inject({ method: "POST", url, headers, payload });
  return { status: answer.statusCode, body: answer.json<Answer>() };
}

const inTeam = (person: { cookie: string }, url: string, payload: object) =>
  post(person, url, { payload, account: team });
const send = async (person: { cookie: string }, amount: string): Promise<Answer> => {
  const { status, body } = await inTeam(person, "/api/transfers", { to: { account: bob.accountId }, amount });
  expect({ status, state: body.state }).toEqual({ status: 201, state: "awaiting_signature" });
  return body;
};
const typedDataOf = (order: Order | null) => order?.typedData as unknown as TypedDataDefinition;
const handIn = (id: string, signature: Hex) => inTeam(owner, `/api/transfers/${id}/signature`, { signature });
const stateOf = async (id: string) => {
  const [row] = await api.sql<[{ state: string }]>`select state from moves where move_id = ${id}`;
  return row.state;
};
const left = async () => (await readBalance(api.sql, team)).spendable;

describe("a team that a multisig owns in the contract", () => {
  test("default: a transfer signed by both keys is cleared, mined and booked", async () => {
    const { id, order } = await send(owner, "4");
    const before = (await readBalance(api.sql, bob.accountId)).spendable;
    expect(await handIn(id, await wallet.signTypedData(typedDataOf(order)))).toMatchObject({
      status: 200,
      body: { state: "pending" },
    });
    await carryOut(api, from);
    expect(await stateOf(id)).toBe("completed");
    expect(await left()).toBe(parseUsd("6"));
    expect((await readBalance(api.sql, bob.accountId)).spendable).toBe(before + parseUsd("4"));
  });

  test("error: signed by one of them, twice by one, or by somebody else: refused, and nothing is set aside", async () => {
    const { id, order } = await send(owner, "1");
    const typedData = typedDataOf(order);
    const [first, second] = wallet.keys;
    const stranger = privateKeyToAccount(generatePrivateKey());
    const before = await left();
    for (const by of [[first], [second], [first, first], [first, stranger], []])
      expect(await handIn(id, await wallet.signTypedData(typedData, by))).toMatchObject({
        status: 422,
        body: { code: "invalid_signature" },
      });
    // A key's own signature is not the wallet's, nor is that of the team's owner here.
    for (const key of [first, privateKeyToAccount(owner.privateKey)])
      expect((await handIn(id, await key.signTypedData(typedData))).status).toBe(422);
    expect(await stateOf(id)).toBe("awaiting_signature");
    expect(await left()).toBe(before);
    expect((await handIn(id, await wallet.signTypedData(typedData))).status).toBe(200);
    await carryOut(api, from);
    expect(await stateOf(id)).toBe("completed");
  });

  test("behavior: a gift code of the team, asked for by whoever may spend on its behalf, needs both as well", async () => {
    const billing = await join(api, { id: team }, "billing");
    const { body } = await inTeam(billing, "/api/gift-codes", { amount: "1" });
    const url = `/api/gift-codes/${body.id}/signature`;
    const one = await wallet.signTypedData(typedDataOf(body.order), [wallet.keys[0]]);
    expect((await inTeam(billing, url, { signature: one })).status).toBe(422);
    const signature = await wallet.signTypedData(typedDataOf(body.order));
    expect((await inTeam(billing, url, { signature })).status).toBe(200);
    await carryOut(api, from);
    expect(await stateOf(body.id)).toBe("active");
    const member = await join(api, { id: team }, "member");
    expect((await inTeam(member, "/api/transfers", { to: { account: bob.accountId }, amount: "1" })).status).toBe(403);
  });
});
