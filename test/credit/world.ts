import { type NanoUsd, nanoUsd } from "@infr/money";
import OpenAI from "openai";
import { createWalletClient, type Hex, http, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { InfrError } from "../../api/src/errors.ts";
import type { MoveContext } from "../../api/src/flow/credit/move-rules.ts";
import type { Cards } from "../../api/src/funding/follow-payment.ts";
import { openStripeCards } from "../../api/src/funding/stripe-cards.ts";
import { newId } from "../../api/src/ids.ts";
import { newUser, type TestApi, type TestUser } from "../../api/src/testing/api.ts";
import { startStripeCards, WEBHOOK_SECRET } from "../../api/src/testing/stripe-cards-server.ts";
import { send } from "../../api/src/testing/teams.ts";
import { type PayoutWorld, sellDearNode, startPayoutWorld } from "../payout-world.ts";
import { random } from "../random.ts";
import { openWithoutWallet } from "./reader.ts";

const DOLLAR = 1_000_000n;
const PEOPLE = 4;
const READERS = 2;
/** What a member of the team may spend of its credit. */
const BUDGET = "3";
const DEPOSIT = 50n * DOLLAR;
/** Of the platform, beside which its lots are granted. */
const COVER = 2_000n * DOLLAR;

export const MICRO = 1_000n;
/** What can be subscribed to: $22 of credit for $20 a period. */
export const PLAN = { id: "plus", cents: 2_000, credit: nanoUsd(22_000_000_000n) };
/** A request whose payment is not booked by then is answered with "ask again". */
const PATIENCE_MS = "1000";

export type CreditUser = TestUser & { userId: string; address: `0x${string}`; email: string };
export type CreditWorld = Awaited<ReturnType<typeof startCreditWorld>>;

/** Some users with deposits, a node that is dear, a card processor; and dice that fall the same for the same seed. */
export async function startCreditWorld(seed: number) {
  const world = await startPayoutWorld({ VOUCHER_SECRET: `0x${"5e".repeat(32)}`, PAYMENT_PATIENCE_MS: PATIENCE_MS });
  const { sql, chain, config } = world.api;
  const { sharing, voucherSecret } = config;
  const custodian = config.custodianAddress;
  const outside = { screener: null, directories: null, custodian };
  const context: MoveContext = { sql, chain, relayer: world.relayer, sharing, voucherSecret, ...outside };
  const operator = await sellDearNode(world.api);
  // What the platform pays for at a new operator's would wait.
  await sql`insert into operator_standings (account_id, standing) values (${operator.accountId}, 'good')`;
  const people = await openPeople(world);
  const readers = await Promise.all(Array.from({ length: READERS }, (_, n) => openWithoutWallet(world, n)));
  const users = [...people, ...readers, ...(await openTeam(world, people))];
  await world.call({ ...world.escrow, functionName: "deposit", args: [1, COVER, zeroHash] });
  await world.pass(0);
  await world.booked();
  const stripe = await startStripeCards();
  const processor = openStripeCards({
    secretKey: "sk_test",
    webhookSecret: WEBHOOK_SECRET,
    returnUrl: "http://localhost/deposit",
    apiUrl: new URL(stripe.url),
  });
  const pace = { centsPerDay: 1_000_000_000n, paymentsPerDay: 1_000 };
  const plan = { id: PLAN.id, name: "Plus", priceId: "price_1", price: dollars(PLAN.cents), credit: PLAN.credit };
  const cards: Cards = { sql, processor, plans: [plan], pace, now: () => new Date() };
  const dice = diceOf(seed);
  return {
    ...world,
    ...dice,
    sql,
    context,
    /** Whoever has signed up with a wallet. */
    people,
    /** Whoever has signed up by e-mail. */
    readers,
    /** Everybody in each account that he acts for: his own, and the team's. */
    users,
    /** Sends a call from somebody's wallet. */
    sendAs: (privateKey: Hex, { to, data }: { to: Hex; data: Hex }) => sendAs(world, { privateKey, to, data }),
    openUser: (user: TestUser, micro: bigint) => openUser(world, user, micro),
    stripe,
    cards,
    /** Whose card somebody pays with: his own, and now and then another's. */
    cardOf: ({ userId }: CreditUser) => (dice.below(12) === 0 ? dice.one(people).userId : userId),
    stop: async () => {
      await stripe.stop();
      await world.stop();
    },
  };
}

const dollars = (cents: number): NanoUsd => nanoUsd(BigInt(cents) * 10_000_000n);

/** The first was here before; of the others each came through the link of the one before him. */
async function openPeople(world: PayoutWorld): Promise<CreditUser[]> {
  const people: CreditUser[] = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const [referrer] = people.slice(-1);
    const through = referrer && (await follow(world.api, referrer));
    const user = await newUser(world.api, generatePrivateKey(), through ?? "");
    people.push(await openUser(world, user, DEPOSIT));
  }
  return people;
}

/** Somebody follows a person's link, in a browser that has this cookie. @returns the cookie that it keeps, if any */
export async function follow(
  api: TestApi,
  { cookie }: { cookie: string },
  kept?: string | null,
): Promise<string | null> {
  const link = await api.app.inject({ method: "GET", url: "/api/referrals", headers: { cookie } });
  const visit = await api.app.inject({
    method: "POST",
    url: "/api/referrals/visits",
    headers: { cookie: kept ?? "" },
    payload: { code: link.json<{ code: string }>().code },
  });
  const [touch] = visit.cookies;
  return touch === undefined ? null : `${touch.name}=${touch.value}`;
}

async function openUser(world: PayoutWorld, user: TestUser, micro: bigint): Promise<CreditUser> {
  await world.deposit(user, micro);
  const [member] = await world.api.sql<[{ user_id: string }]>`
    select user_id from account_members where account_id = ${user.accountId}`;
  const person = { userId: member.user_id, email: `${member.user_id}@example.com` };
  await world.api.sql`
    insert into emails (email_id, user_id, address) values (${newId("email")}, ${person.userId}, ${person.email})`;
  return { ...user, ...person, address: privateKeyToAccount(user.privateKey).address };
}

/**
 * A team whose account the first person's wallet owns: he, somebody who may send its credit too, and somebody who may only
 * spend it, up to a budget. The wallet signs for all of them; what each may ask for is the API's to say.
 */
async function openTeam(world: PayoutWorld, [owner, billing, member]: CreditUser[]): Promise<CreditUser[]> {
  const { api } = world;
  if (!owner || !billing || !member) throw new Error("a team has people");
  const made = await send(api, owner, {
    method: "POST",
    url: "/api/teams",
    payload: { name: "Team", owner: owner.address },
  });
  const account = String(made.body["id"]);
  await api.sql`
    insert into account_members (account_id, user_id, role)
    values (${account}, ${billing.userId}, 'billing'), (${account}, ${member.userId}, 'member')`;
  const [{ salt }] = await api.sql<[{ salt: Hex }]>`select salt from accounts where account_id = ${account}`;
  await world.call({ ...world.escrow, functionName: "depositFor", args: [owner.address, salt, DEPOSIT, zeroHash] });
  const budget = { method: "PUT", account, url: `/api/limits/member/${member.userId}/total` } as const;
  await send(api, owner, { ...budget, payload: { amount: BUDGET } });
  const inTeam = async (person: CreditUser, keysOf: CreditUser): Promise<CreditUser> => {
    const created = await send(api, keysOf, { method: "POST", account, url: "/api/keys", payload: { name: "team" } });
    const openai = new OpenAI({ baseURL: `${api.origin}/v1`, apiKey: String(created.body["key"]), maxRetries: 0 });
    return { ...person, accountId: account, privateKey: owner.privateKey, openai };
  };
  return [await inTeam(owner, owner), await inTeam(billing, owner), await inTeam(member, member)];
}

async function sendAs(
  { anvil, api }: PayoutWorld,
  { privateKey, to, data }: { privateKey: Hex; to: Hex; data: Hex },
): Promise<void> {
  const account = privateKeyToAccount(privateKey);
  await anvil.setBalance({ address: account.address, value: 10n ** 18n });
  const wallet = createWalletClient({ account, transport: http(api.chain.rpcUrl) });
  await wallet.sendTransaction({ to, data, gas: 300_000n, chain: null });
}

function diceOf(seed: number) {
  const numbers = random(seed);
  const below = (limit: number): number => Math.floor(numbers() * limit);
  return {
    below,
    one: <T>(all: readonly T[]): T => {
      const found = all[below(all.length)];
      if (found === undefined) throw new Error("there is nothing to choose from");
      return found;
    },
    /** Up to $12, and sometimes nothing. */
    amount: (): string => (below(12) + below(100) / 100).toFixed(2),
  };
}

/** A refusal by name is an answer. */
export async function tried<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InfrError)) throw error;
    return undefined;
  }
}
