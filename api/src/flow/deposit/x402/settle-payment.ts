import { setTimeout as sleep } from "node:timers/promises";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Hex, parseAbiItem, parseEventLogs } from "viem";
import type { Chain } from "../../../chain/open.ts";
import { queueTransaction } from "../../../chain/outbox-store.ts";
import type { Sql } from "../../../db/types.ts";
import { newId } from "../../../ids.ts";
import { PaymentConflictError, PaymentFailedError, PaymentPendingError } from "./errors.ts";
import type { Payment } from "./payment.ts";
import { lockPayer, type PaymentRow, paymentState, paymentsNamed, savePayment } from "./store.ts";
import { callOf, checkOnChain, checkTerms, type Verifying } from "./verify-payment.ts";

const POLL_MS = 50;
/** How far back an authorization that somebody else has used is looked for. */
const BLOCKS_BACK = 2_000n;

const authorizationUsed = parseAbiItem("event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)");

/** What settling works with. */
export type Paying = Verifying & {
  sql: Sql;
  /** How long a request waits for its payment to be booked. */
  patienceMs: number;
};

/** A request to be paid for: what it can cost (in µUSDC, asked for only if it is not paid yet), and what tells it from others. */
export type Bill = { neededMicro: () => Promise<bigint>; requestHash: Buffer };

/** A payment that is booked: money in the payer's own account. */
export type Settled = { accountId: string; transactionHash: Hex };

/**
 * Takes a payment for one request, or finds that it was taken before: checks it, writes it down with the request that it
 * is for, and queues the transaction, in this order. Asking again, at once or later, is the same payment.
 * @throws PaymentFailedError, PaymentConflictError, UnavailableError
 */
export async function takePayment(paying: Paying, payment: Payment, bill: Bill): Promise<PaymentRow> {
  const known = await findPayment(paying, payment, bill);
  if (known) {
    if ((await paymentState(paying.sql, known)).account_id === null) await queueAgain(paying, payment, known);
    return known;
  }
  checkTerms(paying, payment, await bill.neededMicro());
  await checkOnChain(paying, payment);
  await record(paying, payment, bill);
  const recorded = await findPayment(paying, payment, bill);
  if (!recorded) throw new Error(`the payment ${payment.nonce} of ${payment.payer} was not written down`);
  return recorded;
}

/** The nonce's signature is public once it is sent: only the request that it was written down with tells who asks. */
async function findPayment(
  { sql }: Paying,
  { payer, nonce, paymentId }: Payment,
  { requestHash }: Bill,
): Promise<PaymentRow | undefined> {
  const rows = await paymentsNamed(sql, { payer, nonce, paymentId });
  const [row] = rows;
  if (!row) return undefined;
  const isSame = rows.length === 1 && row.nonce === nonce && row.request_hash.equals(requestHash);
  if (isSame && row.payment_id === paymentId) return row;
  if (paymentId !== null) throw new PaymentConflictError();
  throw new PaymentFailedError({
    reason: "invalid_exact_evm_nonce_already_used",
    message: "This payment was made for another request: it pays for that one only. Sign a new one, or use a key.",
    payer,
  });
}

/** Written down and queued, or neither: what is not written down is never sent. */
async function record({ sql, chain, relayer }: Paying, payment: Payment, { requestHash }: Bill): Promise<void> {
  await sql.begin(async (tx) => {
    await lockPayer(tx, payment.payer);
    if ((await paymentsNamed(tx, payment)).length > 0) return;
    const { transaction_id: transactionId } = await queueTransaction(tx, outgoing({ chain, relayer }, payment));
    await savePayment(tx, { ...payment, requestHash, transactionId });
  });
}

const outgoing = ({ chain, relayer }: Pick<Paying, "chain" | "relayer">, payment: Payment) => ({
  transactionId: newId("tx"),
  accountId: null,
  kind: "deposit",
  cause: `x402:${payment.payer}:${payment.nonce}`,
  sender: relayer,
  target: chain.escrow,
  data: callOf(payment),
});

/** What failed before it was sent may succeed now, if it is still good. */
async function queueAgain(paying: Paying, payment: Payment, known: PaymentRow): Promise<void> {
  const { state } = await paymentState(paying.sql, known);
  if (state !== "failed") return;
  if ((await whoUsed(paying.chain, payment)) !== "nobody") return;
  await checkOnChain(paying, payment);
  await paying.sql.begin((tx) => queueTransaction(tx, outgoing(paying, payment)));
}

/**
 * Waits until a payment's event is booked: nothing else makes credit.
 * @throws PaymentFailedError when it can't be settled any more; PaymentPendingError when that takes too long: it goes on
 * without us, and is found again
 */
export async function awaitPayment(paying: Paying, payment: Payment, signal: AbortSignal): Promise<Settled> {
  const until = performance.now() + paying.patienceMs;
  while (performance.now() < until && !signal.aborted) {
    const {
      account_id: accountId,
      transaction_hash: transactionHash,
      state,
      error,
    } = await paymentState(paying.sql, payment);
    if (accountId !== null && transactionHash !== null) return { accountId, transactionHash };
    if (state === "failed") await explainFailure(paying.chain, payment, error);
    await sleep(POLL_MS);
  }
  throw new PaymentPendingError("The payment is on its way, but not booked yet.");
}

/** Ours failed. @throws PaymentFailedError unless somebody else has settled it in our stead: its event comes */
async function explainFailure(chain: Chain, payment: Payment, error: string | null): Promise<void> {
  const used = await whoUsed(chain, payment);
  if (used === "escrow") return;
  const message =
    used === "nobody"
      ? `The payment could not be settled: ${error ?? "it failed"}. Nothing was taken.`
      : used === "token"
        ? "Somebody executed this authorization at the token itself, not through the escrow. The amount waits for your wallet: sign in with it to have it credited."
        : "This authorization was used or cancelled.";
  throw new PaymentFailedError({ reason: "invalid_exact_evm_transaction_failed", message, payer: payment.payer });
}

const authorizationAbi = [
  {
    type: "function",
    name: "authorizationState",
    stateMutability: "view",
    inputs: [
      { name: "authorizer", type: "address" },
      { name: "nonce", type: "bytes32" },
    ],
    outputs: [{ type: "bool" }],
  },
] as const;

/**
 * What an authorization was used by: our rail in the escrow, the token's own function (a plain transfer then), or something
 * that is not found. That the token calls it used says nothing: it says so of cancelled ones too.
 */
async function whoUsed(chain: Chain, { payer, nonce }: Payment): Promise<"nobody" | "escrow" | "token" | "unknown"> {
  const { client, usdc, escrow } = chain;
  const state = {
    address: usdc,
    abi: authorizationAbi,
    functionName: "authorizationState",
    args: [payer, nonce],
  } as const;
  if (!(await client.readContract(state))) return "nobody";
  const head = await client.getBlockNumber();
  const [log] = await client.getLogs({
    address: usdc,
    event: authorizationUsed,
    args: { authorizer: payer, nonce },
    fromBlock: head > BLOCKS_BACK ? head - BLOCKS_BACK : 0n,
    toBlock: head,
  });
  if (!log) return "unknown";
  const { logs } = await client.getTransactionReceipt({ hash: log.transactionHash });
  const deposits = parseEventLogs({ abi: creditEscrowAbi, eventName: "Deposited", logs }).filter(
    ({ address, args }) =>
      address.toLowerCase() === escrow && args.memo === nonce && args.payer.toLowerCase() === payer,
  );
  return deposits.length > 0 ? "escrow" : "token";
}
