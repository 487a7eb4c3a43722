import { type Hex, toHex } from "viem";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { expect } from "vitest";
import type { CreditWorld } from "./world.ts";

const PATH = "/v1/chat/completions";
/** What a paid request may be answered with: its completion, a refusal that says why, or "ask again". */
const ANSWERS = [200, 402, 403, 409, 503];
const PENDING = 503;
const MICRO_PER_CENT = 10_000n;
const HOUR = 3_600n;
const SEASON = 90n * 24n * HOUR;
const PAYMENT_TYPES = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

type Payment = {
  payer: Hex;
  nonce: Hex;
  value: bigint;
  paymentId: string;
  header: string;
  body: string;
  /** Of the last time it was sent. */
  status: number;
  /** What was bought with it, once it was answered. */
  bought: string | null;
};

/** What the header of a refusal asks to have signed. */
type Asked = { accepts: [{ payTo: Hex; amount: string; extra: { name: string; version: string } }] };

/** Requests that are paid for by themselves (x402), by people who are here and by wallets that nobody has heard of. */
export function paymentsIn(world: CreditWorld) {
  const { people, one, below } = world;
  const made: Payment[] = [];

  /** Some are good for an hour only, some have another's identifier. */
  async function make(): Promise<Payment> {
    const wallet = privateKeyToAccount(below(2) === 0 ? one(people).privateKey : generatePrivateKey());
    const before = made.filter(({ payer }) => payer === wallet.address.toLowerCase());
    const paymentId =
      before.length > 0 && below(4) === 0 ? one(before).paymentId : `payment_number_${made.length}`.padEnd(20, "_");
    const payment = await signPayment(world, { wallet, paymentId, nonce: toHex(below(2 ** 32), { size: 32 }) });
    made.push(payment);
    return payment;
  }

  /** Whoever sends the same again gets the same answer. */
  async function send(payment: Payment): Promise<void> {
    const answer = await ask(world, payment.body, { "payment-signature": payment.header });
    const text = await answer.text();
    expect(ANSWERS).toContain(answer.status);
    payment.status = answer.status;
    if (answer.status !== 200) return;
    if (payment.bought !== null) expect(text).toBe(payment.bought);
    payment.bought = text;
  }

  /** Several times at once, as clients do that hear nothing. */
  async function pay(): Promise<void> {
    const payment = await make();
    await Promise.all([send(payment), send(payment), world.round(), world.round()]);
  }

  async function payAgain(): Promise<void> {
    if (made.length === 0) return pay();
    await Promise.all([send(one(made)), send(one(made)), world.round()]);
  }

  /** Until every payment was answered, or refused. */
  const settleDown = () =>
    world.until("every payment to be answered", async () => {
      await Promise.all(made.filter(({ status }) => status === PENDING).map(send));
      return made.every(({ status }) => status !== PENDING);
    });

  return { pay, payAgain, settleDown, expectPaidOnce: () => expectPaidOnce(world, made) };
}

const ask = ({ api }: CreditWorld, body: string, headers: Record<string, string> = {}) =>
  fetch(`${api.origin}${PATH}`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });

/** A payment for a request of its own, by a wallet that is given what it costs. */
async function signPayment(
  world: CreditWorld,
  { wallet, paymentId, nonce }: { wallet: PrivateKeyAccount; paymentId: string; nonce: Hex },
): Promise<Payment> {
  const { api, anvil, usdc, call, below } = world;
  const messages = [{ role: "user", content: `Write ${10 + below(40)} tokens.` }];
  const body = JSON.stringify({ model: "demo/large", messages, max_tokens: 60, stream: below(3) === 0 });
  const unpaid = await ask(world, body);
  const { accepts } = JSON.parse(atob(unpaid.headers.get("payment-required") ?? "")) as Asked;
  const [accepted] = accepts;
  // More than was asked for is taken: the rest is credit.
  const value = BigInt(accepted.amount) + BigInt(below(300)) * MICRO_PER_CENT;
  await call({ ...usdc, functionName: "mint", args: [wallet.address, value] });
  const { timestamp } = await anvil.getBlock();
  const validBefore = timestamp + (below(3) === 0 ? HOUR : SEASON);
  const message = { from: wallet.address, to: accepted.payTo, value, validAfter: 0n, validBefore, nonce };
  const signature = await wallet.signTypedData({
    domain: { ...accepted.extra, chainId: api.chainId, verifyingContract: usdc.address },
    types: PAYMENT_TYPES,
    primaryType: "TransferWithAuthorization",
    message,
  });
  const authorization = Object.fromEntries(Object.entries(message).map(([name, entry]) => [name, String(entry)]));
  const payload = {
    x402Version: 2,
    accepted: { ...accepted, amount: String(value) },
    payload: { signature, authorization },
    extensions: { "payment-identifier": { info: { required: false, id: paymentId } } },
  };
  const header = btoa(JSON.stringify(payload));
  const payer = wallet.address.toLowerCase() as Hex;
  return { payer, nonce, value, paymentId, header, body, status: PENDING, bought: null };
}

/** What was taken is credit, once; what was asked for is charged once. */
async function expectPaidOnce({ sql, anvil, usdc }: CreditWorld, made: Payment[]): Promise<void> {
  for (const { payer, nonce, value } of made) {
    const isTaken = await anvil.readContract({ ...usdc, functionName: "authorizationState", args: [payer, nonce] });
    const booked = await sql`
      select d.amount_micro from deposits d join chain_events e using (event_id)
      where d.rail = 'payer' and d.payer = ${payer} and d.memo = ${nonce} and e.reversed_at is null`;
    expect(booked).toEqual(isTaken ? [{ amount_micro: value }] : []);
  }
  const charged = await sql`select request_id from usage where key_id = 'x402'`;
  const answered = await sql`select request_id from payments where answered_at is not null`;
  const idsOf = (rows: typeof charged) => rows.map((row) => String(row["request_id"])).toSorted();
  expect(idsOf(charged)).toEqual(idsOf(answered));
  expect(charged).toHaveLength(made.filter(({ bought }) => bought !== null).length);
  console.log(`payments made: ${made.length}, answered: ${charged.length}`);
}
