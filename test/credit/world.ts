import { privateKeyToAccount } from "viem/accounts";
import { InfrError } from "../../api/src/errors.ts";
import type { MoveContext } from "../../api/src/flow/credit/move-rules.ts";
import type { Cards } from "../../api/src/funding/follow-payment.ts";
import { openStripeCards } from "../../api/src/funding/stripe-cards.ts";
import { newId } from "../../api/src/ids.ts";
import type { TestUser } from "../../api/src/testing/api.ts";
import { startStripeCards, WEBHOOK_SECRET } from "../../api/src/testing/stripe-cards-server.ts";
import { sellDearNode, startPayoutWorld } from "../payout-world.ts";
import { random } from "../random.ts";

const DOLLAR = 1_000_000n;
const USERS = 4;
const DEPOSIT = 50n * DOLLAR;
/** Of the platform, beside which its lots are granted. */
const COVER = 2_000n * DOLLAR;

export type CreditUser = TestUser & { userId: string; address: `0x${string}`; email: string };
export type CreditWorld = Awaited<ReturnType<typeof startCreditWorld>>;

/** Some users with deposits, a node that is dear, a card processor; and dice that fall the same for the same seed. */
export async function startCreditWorld(seed: number) {
  const world = await startPayoutWorld({ VOUCHER_SECRET: `0x${"5e".repeat(32)}` });
  const { sql, chain, config } = world.api;
  const { sharing, voucherSecret } = config;
  const outside = { screener: null, directories: null, custodian: null };
  const context: MoveContext = { sql, chain, relayer: world.relayer, sharing, voucherSecret, ...outside };
  const operator = await sellDearNode(world.api);
  // What the platform pays for at a new operator's would wait.
  await sql`insert into operator_standings (account_id, standing) values (${operator.accountId}, 'good')`;
  const users: CreditUser[] = [];
  for (let n = 0; n < USERS; n += 1) users.push(await openUser(world));
  await world.call({ ...world.escrow, functionName: "deposit", args: [1, COVER, `0x${"00".repeat(32)}`] });
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
  const cards: Cards = { sql, processor, plans: [], pace, now: () => new Date() };
  return {
    ...world,
    ...diceOf(seed),
    sql,
    context,
    users,
    stripe,
    cards,
    stop: async () => {
      await stripe.stop();
      await world.stop();
    },
  };
}

async function openUser(world: Awaited<ReturnType<typeof startPayoutWorld>>): Promise<CreditUser> {
  const user = await world.newUser();
  await world.deposit(user, DEPOSIT);
  const [member] = await world.api.sql<[{ user_id: string }]>`
    select user_id from account_members where account_id = ${user.accountId}`;
  const person = { userId: member.user_id, email: `${member.user_id}@example.com` };
  await world.api.sql`
    insert into emails (email_id, user_id, address) values (${newId("email")}, ${person.userId}, ${person.email})`;
  return { ...user, ...person, address: privateKeyToAccount(user.privateKey).address };
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
