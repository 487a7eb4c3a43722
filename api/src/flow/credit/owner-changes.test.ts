import { creditEscrowAbi } from "@infr/contracts/abi";
import { parseUsd } from "@infr/money";
import { createTestClient, type Hex, http, parseEventLogs, type TypedDataDefinition } from "viem";
import { generatePrivateKey, privateKeyToAccount, privateKeyToAddress } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noteBooked, noteReversed } from "../../chain/events-store.ts";
import { sendTransactions } from "../../chain/outbox.ts";
import { newId } from "../../ids.ts";
import { CUSTODIAN_KEY, credit, newUser, RICH_KEY, startApi, type TestApi } from "../../testing/api.ts";
import { bookMoves, call, carryOut, type Order, prepare, signOrder } from "../../testing/moves.ts";
import { deployMultisig } from "../../testing/multisig.ts";
import { bookOpenings, eventOf, fundPlatform, openCustodial, openOnChain, write } from "../../testing/on-chain.ts";
import { type EmailUser, newEmailUser } from "../../testing/people.ts";
import { join, send } from "../../testing/teams.ts";
import { bookChange, reverseChange } from "./book-change.ts";
import { waitingForCustodian } from "./clearing-store.ts";
import { handOver } from "./hand-over.ts";

type Person = EmailUser & { wallet: Hex; privateKey: Hex };
type Change = { id: string; state: string; reason: string | null; order: Order | null; waitsUntil: string | null };
type Answer = { status: number; body: Change & { code: string } };

const rich = privateKeyToAccount(RICH_KEY);
const custodian = privateKeyToAccount(CUSTODIAN_KEY);
let api: TestApi;
let bob: string;
let people = 0;
const MOST_ROUNDS = 200;

beforeAll(async () => {
  api = await startApi({ TAKE_OVER_HOURS: "0", MOVES_PER_DAY: "60" });
  await fundPlatform(api);
  const user = await newUser(api);
  await openOnChain(api, user, 5_000_000n);
  bob = user.accountId;
});
afterAll(() => api.stop());

/** Somebody who signed in by e-mail, has $10 in the contract and in the ledger, and has linked a wallet. */
async function newOwner(): Promise<Person> {
  const user = await newEmailUser(api, `owner${(people += 1)}@example.com`);
  await openCustodial(api, user, 10_000_000n);
  await credit(api.sql, user.accountId, 10_000_000_000n);
  return { ...user, ...(await linkWallet(user)) };
}

async function linkWallet(user: EmailUser): Promise<{ wallet: Hex; privateKey: Hex }> {
  const privateKey = generatePrivateKey();
  await link(user, await api.signMessage(privateKey, { nonce: await nonceFor(user) }));
  return { wallet: privateKeyToAddress(privateKey), privateKey };
}

/** Links a wallet that is a contract: it signs by ERC-1271, here as well. */
async function linkMultisig(user: EmailUser): Promise<Awaited<ReturnType<typeof deployMultisig>>> {
  const wallet = await deployMultisig(api);
  const { host: domain, origin: uri } = api.config.publicUrl;
  const nonce = await nonceFor(user);
  const { chainId } = api;
  const message = createSiweMessage({ address: wallet.address, chainId, domain, uri, nonce, version: "1" });
  await link(user, { message, signature: await wallet.signMessage(message) });
  return wallet;
}

async function nonceFor(user: EmailUser): Promise<string> {
  return String((await send(api, user, { method: "POST", url: "/api/auth/nonce" })).body["nonce"]);
}

async function link(user: EmailUser, payload: object): Promise<void> {
  expect((await send(api, user, { method: "POST", url: "/api/me/wallets", payload })).status).toBe(200);
}

const url = "/api/account/owner";
const ask = async (user: { cookie: string }, wallet: Hex, account?: string) =>
  (await send(api, user, { method: "POST", url, payload: { wallet }, account })) as unknown as Answer;
const read = async (user: Person, id: string) =>
  (await send(api, user, { url: `${url}/${id}` })).body as unknown as Change;
const cancel = async (user: { cookie: string }, id: string) =>
  (await send(api, user, { method: "DELETE", url: `${url}/${id}` })) as unknown as Answer;
const handIn = async (user: Person, id: string, signature: Hex) =>
  (await send(api, user, {
    method: "POST",
    url: `${url}/${id}/signature`,
    payload: { signature },
  })) as unknown as Answer;

/** Asked for and signed. */
async function signed(user: Person): Promise<Change> {
  const { status, body } = await ask(user, user.wallet);
  expect({ status, state: body.state }).toEqual({ status: 201, state: "awaiting_signature" });
  const answer = await handIn(user, body.id, await signOrder(user.privateKey, body.order));
  expect(answer).toMatchObject({ status: 200, body: { state: "waiting", order: null } });
  return answer.body;
}

const work = () => handOver({ ...api, clearer: rich, custodian, relayer: rich.address });
const bring = () => sendTransactions({ ...api, account: rich, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });

/** Brings what is queued to the chain until it is mined. */
async function mine(): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await bring();
    const open = await api.sql`select from transactions where kind = 'owner' and state in ('queued', 'sent')`;
    if (open.length === 0) return;
  }
  throw new Error("a transaction is on its way still");
}

/** The event of an account's new owner, as the indexer hands it over. */
async function ownerEvent(user: Person) {
  const number = await numberOf(user);
  const raw = await api.chain.client.getLogs({ address: api.chain.escrow, fromBlock: 0n });
  const logs = parseEventLogs({ abi: creditEscrowAbi, eventName: "OwnerChanged", logs: raw });
  const log = logs.find(({ args }) => args.account === number);
  if (!log) throw new Error("its owner did not change");
  const [row] = await api.sql<[{ ref: string }]>`select ref from accounts where account_id = ${user.accountId}`;
  const data = { ref: row.ref, owner: log.args.owner.toLowerCase() };
  const { blockNumber, blockHash, logIndex, transactionHash } = log;
  return {
    ...eventOf({ kind: "owner_changed", eventId: `${api.chainId}:${blockHash}:${logIndex}`, data }),
    block_number: blockNumber,
    block_hash: blockHash,
    log_index: logIndex,
    transaction_hash: transactionHash,
  };
}

async function book(event: Awaited<ReturnType<typeof ownerEvent>>): Promise<void> {
  await api.sql.begin(async (tx) => {
    if (await noteBooked(tx, event)) await bookChange(tx, event);
  });
}

async function numberOf({ accountId }: { accountId: string }): Promise<number> {
  const [row] = await api.sql<
    [{ n: number }]
  >`select chain_account::int as n from accounts where account_id = ${accountId}`;
  return row.n;
}

async function signedNumber(changeId: string): Promise<number> {
  const [row] = await api.sql<[{ n: number }]>`
    select account_number::int as n from owner_changes where change_id = ${changeId}`;
  return row.n;
}

async function ownerOfNumber(number: number): Promise<Hex> {
  const { client, escrow: address } = api.chain;
  const args = [number] as const;
  return (await client.readContract({ address, abi: creditEscrowAbi, functionName: "accountOf", args })).owner;
}

const ownerOf = async (user: Person) => ownerOfNumber(await numberOf(user));

const mailsTo = async ({ email }: EmailUser) => {
  const rows = await api.sql<Array<{ until: string | null }>>`
    select data->>'until' as until from mails where address = ${email} and template = 'account_taken_over'`;
  return rows.map(({ until }) => (until === null ? "done" : "signed")).toSorted();
};
const transactionsOf = (id: string) => api.sql`select from transactions where cause = ${`owner:${id}`}`;

describe("taking an account over", () => {
  test("default: from the wallet's signature to the event; then only the wallet can sign", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    expect(await mailsTo(ann)).toEqual(["signed"]);
    await work();
    expect((await read(ann, id)).state).toBe("pending");
    expect((await cancel(ann, id)).body.code).toBe("change_on_its_way");
    const early = await send(api, ann, { method: "DELETE", url: `/api/me/wallets/${ann.wallet}` });
    expect(early).toMatchObject({ status: 409, body: { code: "last_way_in" } });
    await mine();
    expect(await ownerOf(ann)).toBe(ann.wallet);
    await book(await ownerEvent(ann));
    expect((await read(ann, id)).state).toBe("completed");
    expect(await mailsTo(ann)).toEqual(["done", "signed"]);
    const { accounts } = (await send(api, ann, { url: "/api/me" })).body as { accounts: Array<{ custodial: boolean }> };
    expect(accounts.map(({ custodial }) => custodial)).toEqual([false]);
    const { body } = await send(api, ann, { url: "/api/account" });
    expect(body["account"]).toMatchObject({ currentOwner: ann.wallet.toLowerCase(), custodial: false });
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    const me = { ...ann, key: "", openai: undefined as never };
    const { body: transfer } = await prepare(api, me, { to: { account: bob }, amount: "4" });
    expect(transfer.state).toBe("awaiting_signature");
    const payload = { signature: await signOrder(ann.privateKey, transfer.order) };
    const handedIn = await send(api, ann, { method: "POST", url: `/api/transfers/${transfer.id}/signature`, payload });
    expect(handedIn).toMatchObject({ status: 200, body: { state: "pending" } });
    await carryOut(api, from);
    expect((await send(api, ann, { url: `/api/transfers/${transfer.id}` })).body["state"]).toBe("completed");
    const unlinked = await send(api, ann, { method: "DELETE", url: `/api/me/wallets/${ann.wallet}` });
    expect(unlinked.status).toBe(409);
  });

  test("behavior: a wallet of two keys takes it over (ERC-1271): both have to sign, then and from then on", async () => {
    const ann = await newOwner();
    const multisig = await linkMultisig(ann);
    const { body } = await ask(ann, multisig.address);
    const typedData = body.order?.typedData as unknown as TypedDataDefinition;
    const alone = await multisig.signTypedData(typedData, [multisig.keys[0]]);
    expect(await handIn(ann, body.id, alone)).toMatchObject({ status: 422, body: { code: "invalid_signature" } });
    const both = await handIn(ann, body.id, await multisig.signTypedData(typedData));
    expect(both).toMatchObject({ status: 200, body: { state: "waiting" } });
    await work();
    await mine();
    expect(await ownerOf(ann)).toBe(multisig.address);
    await book(await ownerEvent(ann));
    expect((await read(ann, body.id)).state).toBe("completed");
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    const me = { ...ann, key: "", openai: undefined as never };
    const { body: transfer } = await prepare(api, me, { to: { account: bob }, amount: "1" });
    const order = transfer.order?.typedData as unknown as TypedDataDefinition;
    const at = `/api/transfers/${transfer.id}/signature`;
    const signBy = async (signature: Hex) =>
      (await send(api, ann, { method: "POST", url: at, payload: { signature } })).status;
    expect(await signBy(await custodian.signTypedData(order))).toBe(422);
    expect(await signBy(await multisig.signTypedData(order, [multisig.keys[1]]))).toBe(422);
    expect(await signBy(await multisig.signTypedData(order))).toBe(200);
    await carryOut(api, from);
    expect((await send(api, ann, { url: `/api/transfers/${transfer.id}` })).body["state"]).toBe("completed");
  });

  test("behavior: what the chain refused does not keep its wallet linked", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    await work();
    const unlink = { method: "DELETE", url: `/api/me/wallets/${ann.wallet}` } as const;
    expect((await send(api, ann, unlink)).status).toBe(409);
    await api.sql`update transactions set state = 'failed' where cause = ${`owner:${id}`}`;
    expect((await read(ann, id)).state).toBe("failed");
    expect((await send(api, ann, unlink)).status).toBe(204);
  });

  test("behavior: ten workers at once send one transaction", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    await Promise.all(Array.from({ length: 10 }, work));
    expect(await transactionsOf(id)).toHaveLength(1);
    await mine();
    expect(await ownerOf(ann)).toBe(ann.wallet);
  });

  test("behavior: a reorganisation of its event makes it pending again, by itself", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    await work();
    await mine();
    const event = await ownerEvent(ann);
    await book(event);
    await api.sql.begin(async (tx) => {
      await noteReversed(tx, event.event_id);
      await reverseChange(tx, event);
    });
    expect((await read(ann, id)).state).toBe("pending");
    await book(event);
    expect((await read(ann, id)).state).toBe("completed");
    expect(await mailsTo(ann)).toEqual(["done", "signed"]);
  });

  test("behavior: as long as it waits it can be cancelled, from any of its owner's sessions", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    await api.sql.begin(async (tx) => {
      await tx`alter table owner_changes disable trigger owner_changes_step`;
      await tx`update owner_changes set not_before = now() + interval '1 hour' where change_id = ${id}`;
      await tx`alter table owner_changes enable trigger owner_changes_step`;
    });
    await work();
    expect((await read(ann, id)).state).toBe("waiting");
    expect((await ask(ann, ann.wallet)).body.id).toBe(id);
    const other = await linkWallet(ann);
    expect((await ask(ann, other.wallet)).body.code).toBe("change_under_way");
    const elsewhere = await newEmailUser(api, ann.email);
    expect(await cancel(elsewhere, id)).toMatchObject({ status: 200, body: { state: "cancelled" } });
    await work();
    expect(await transactionsOf(id)).toHaveLength(0);
    expect(await ownerOf(ann)).toBe(custodian.address);
    expect((await ask(ann, other.wallet)).status).toBe(201);
  });

  test("behavior: what was signed never changes", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    const changes = [
      "wallet = '0x0000000000000000000000000000000000000001'",
      "nonce = 7",
      "not_before = now()",
      "signature = '0x01'",
    ];
    for (const change of changes)
      await expect(api.sql.unsafe(`update owner_changes set ${change} where change_id = '${id}'`)).rejects.toThrow(
        "does not change",
      );
    expect((await cancel(ann, id)).status).toBe(200);
  });
});

describe("what was begun before", () => {
  /** Handed over, and that is booked. */
  async function takeOver(ann: Person): Promise<void> {
    await signed(ann);
    await work();
    await mine();
    await book(await ownerEvent(ann));
  }

  test("behavior: a gift that the custodian signed is called back by the wallet", async () => {
    const ann = await newOwner();
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    const { body: gift } = await call(api, ann, {
      url: "/api/gift-codes",
      payload: { amount: "5" },
      key: newId("gift"),
    });
    await carryOut(api, from);
    await takeOver(ann);
    const { body } = await call(api, ann, { url: `/api/gift-codes/${gift.id}/revoke` });
    expect(body).toMatchObject({ gift: { state: "active" }, call: { to: expect.stringMatching(/^0x/) } });
    const queued = await api.sql`select from transactions where kind = 'reclaim' and account_id = ${ann.accountId}`;
    expect(queued).toHaveLength(0);
    await createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) }).setBalance({
      address: ann.wallet,
      value: 10n ** 18n,
    });
    await write(api, body.call?.to ?? "0x", body.call?.data ?? "0x", ann.privateKey);
    await bookMoves(api, from);
    expect((await send(api, ann, { url: `/api/gift-codes/${gift.id}` })).body["state"]).toBe("revoked");
  });

  test("behavior: as long as the custodian owns it, calling a gift back is all that it takes", async () => {
    const ann = await newOwner();
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    const wanted = { url: "/api/gift-codes", payload: { amount: "5" }, key: newId("gift") };
    const { body: gift } = await call(api, ann, wanted);
    await carryOut(api, from);
    expect((await call(api, ann, { url: `/api/gift-codes/${gift.id}/revoke` })).body.call).toBeNull();
    await carryOut(api, from);
    expect((await send(api, ann, { url: `/api/gift-codes/${gift.id}` })).body["state"]).toBe("revoked");
  });

  test("behavior: a transfer that waits for its recipient's account waits for the wallet's signature then", async () => {
    const ann = await newOwner();
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    const me = { ...ann, key: "", openai: undefined as never };
    const to = { wallet: privateKeyToAddress(generatePrivateKey()) };
    const { body: waiting } = await prepare(api, me, { to, amount: "2" });
    expect(waiting).toMatchObject({ state: "awaiting_signature", order: null });
    await takeOver(ann);
    await bring();
    await bookOpenings(api);
    const offeredToCustodian = async () => {
      const rows = await waitingForCustodian(api.sql, { custodian: custodian.address.toLowerCase(), limit: 100 });
      return rows.filter(({ account_id: accountId }) => accountId === ann.accountId);
    };
    expect(await offeredToCustodian()).toEqual([]);
    const offered = (await send(api, ann, { url: `/api/transfers/${waiting.id}` })).body as unknown as typeof waiting;
    expect(offered.state).toBe("awaiting_signature");
    const payload = { signature: await signOrder(ann.privateKey, offered.order) };
    const signature = { method: "POST", url: `/api/transfers/${waiting.id}/signature`, payload } as const;
    expect((await send(api, ann, signature)).body["state"]).toBe("pending");
    await carryOut(api, from);
    expect((await send(api, ann, { url: `/api/transfers/${waiting.id}` })).body["state"]).toBe("completed");
  });
});

describe("what keeps it from being carried out", () => {
  test("error: a transfer meanwhile uses up the nonce: nothing is lost, and it is asked for again", async () => {
    const ann = await newOwner();
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    const { id } = await signed(ann);
    const me = { ...ann, key: "", openai: undefined as never };
    const { body } = await prepare(api, me, { to: { account: bob }, amount: "4" });
    expect(body.state).toBe("pending");
    expect((await ask(ann, ann.wallet)).body.id).toBe(id);
    await work();
    expect((await read(ann, id)).state).toBe("waiting");
    await carryOut(api, from);
    await work();
    expect(await read(ann, id)).toMatchObject({ state: "failed", reason: expect.stringMatching("again") });
    expect(await transactionsOf(id)).toHaveLength(0);
    const again = await signed(ann);
    await work();
    await mine();
    expect(await ownerOf(ann)).toBe(ann.wallet);
    await book(await ownerEvent(ann));
    expect((await read(ann, again.id)).state).toBe("completed");
    expect((await read(ann, id)).state).toBe("failed");
    const [row] = await api.sql<[{ nano: bigint }]>`
      select chain_nano as nano from balances where account_id = ${ann.accountId}`;
    expect(row.nano).toBe(parseUsd("6"));
  });

  test("error: while credit is on its way it can't be asked for", async () => {
    const ann = await newOwner();
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    const me = { ...ann, key: "", openai: undefined as never };
    await prepare(api, me, { to: { account: bob }, amount: "1" });
    expect(await ask(ann, ann.wallet)).toMatchObject({ status: 409, body: { code: "move_pending" } });
    await carryOut(api, from);
    expect((await ask(ann, ann.wallet)).status).toBe(201);
  });

  test("error: frozen, before and after the signature", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    await api.sql`update accounts set frozen_reason = 'a dispute' where account_id = ${ann.accountId}`;
    await work();
    expect(await read(ann, id)).toMatchObject({ state: "failed", reason: expect.stringMatching("frozen") });
    expect(await ask(ann, ann.wallet)).toMatchObject({ status: 403, body: { code: "account_frozen" } });
    expect(await ownerOf(ann)).toBe(custodian.address);
  });

  test("error: a wallet that is not linked, or not any more", async () => {
    const ann = await newOwner();
    const { wallet } = await newOwner();
    expect(await ask(ann, wallet)).toMatchObject({ status: 422, body: { code: "wallet_not_linked" } });
    const { id } = await signed(ann);
    expect((await send(api, ann, { method: "DELETE", url: `/api/me/wallets/${ann.wallet}` })).status).toBe(204);
    await work();
    expect(await read(ann, id)).toMatchObject({ state: "failed", reason: expect.stringMatching("unlinked") });
    expect(await transactionsOf(id)).toHaveLength(0);
  });

  test("error: another's signature, or one of what a wallet is that is not there yet", async () => {
    const ann = await newOwner();
    const { body } = await ask(ann, ann.wallet);
    const wrong = [
      await signOrder(generatePrivateKey(), body.order),
      `0x${"ab".repeat(65)}`,
      "0x",
      `0x${"00".repeat(64)}${"6492".repeat(16)}`,
    ] as Hex[];
    for (const signature of wrong)
      expect(await handIn(ann, body.id, signature)).toMatchObject({ status: 422, body: { code: "invalid_signature" } });
    expect((await read(ann, body.id)).state).toBe("awaiting_signature");
    expect(await mailsTo(ann)).toEqual([]);
  });

  test("error: asked for anew, what was not signed before can't be any more", async () => {
    const ann = await newOwner();
    const first = await ask(ann, ann.wallet);
    const second = await ask(ann, ann.wallet);
    expect(second.body.id).not.toBe(first.body.id);
    const late = await handIn(ann, first.body.id, await signOrder(ann.privateKey, first.body.order));
    expect(late.body.state).toBe("cancelled");
  });

  test("error: it has another number since a reorganisation", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    await api.sql`update accounts set chain_account = chain_account + 1000000 where account_id = ${ann.accountId}`;
    await work();
    expect(await read(ann, id)).toMatchObject({ state: "failed", reason: expect.stringMatching("number") });
    expect(await transactionsOf(id)).toHaveLength(0);
    expect(await ownerOfNumber(await signedNumber(id))).toBe(custodian.address);
  });

  test("behavior: as long as its opening is reorganised away it waits, and goes on when that comes back", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    const [opened] = await api.sql<[{ chain_account: bigint; opened_event_id: string }]>`
      select chain_account, opened_event_id from accounts where account_id = ${ann.accountId}`;
    await api.sql`
      update accounts set chain_account = null, opened_event_id = null where account_id = ${ann.accountId}`;
    await work();
    expect((await read(ann, id)).state).toBe("waiting");
    expect(await transactionsOf(id)).toHaveLength(0);
    await api.sql`update accounts set ${api.sql(opened)} where account_id = ${ann.accountId}`;
    await work();
    await mine();
    expect(await ownerOf(ann)).toBe(ann.wallet);
  });

  test("error: its time is over", async () => {
    const ann = await newOwner();
    const { id } = await signed(ann);
    await api.sql.begin(async (tx) => {
      await tx`alter table owner_changes disable trigger owner_changes_step`;
      await tx`update owner_changes set deadline = 1 where change_id = ${id}`;
      await tx`alter table owner_changes enable trigger owner_changes_step`;
    });
    await work();
    expect(await read(ann, id)).toMatchObject({ state: "failed", reason: expect.stringMatching("time") });
  });

  test("error: an account that a wallet owns, and one that is not in the contract", async () => {
    const user = await newUser(api);
    const wallet = privateKeyToAddress(user.privateKey);
    expect((await ask(user, wallet)).body.code).toBe("account_not_open");
    await openOnChain(api, user, 5_000_000n);
    expect(await ask(user, wallet)).toMatchObject({ status: 409, body: { code: "not_custodial" } });
  });

  test("error: an admin of the account can neither ask for it nor cancel it; strangers don't see it", async () => {
    const ann = await newOwner();
    const { body } = await ask(ann, ann.wallet);
    const admin = await join(api, { id: ann.accountId }, "admin");
    const account = ann.accountId;
    expect((await ask(admin, privateKeyToAddress(admin.privateKey), account)).status).toBe(403);
    for (const method of ["GET", "DELETE"] as const)
      expect((await send(api, admin, { method, url: `${url}/${body.id}`, account })).status).toBe(403);
    expect((await cancel(await newUser(api), body.id)).status).toBe(404);
    expect((await read(ann, body.id)).state).toBe("awaiting_signature");
  });
});
