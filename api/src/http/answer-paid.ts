import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ensureHome } from "../auth/sessions.ts";
import { type Answer, hashRequest, openAnswer, sealAnswer } from "../flow/deposit/x402/answer.ts";
import { PaymentFailedError, PaymentPendingError } from "../flow/deposit/x402/errors.ts";
import { type Payment, readPayment } from "../flow/deposit/x402/payment.ts";
import { awaitPayment, takePayment } from "../flow/deposit/x402/settle-payment.ts";
import { claimAnswer, giveAnswerBack, type PaymentRow, paymentsNamed, saveAnswer } from "../flow/deposit/x402/store.ts";
import { answerJson } from "../inference/answer-json.ts";
import { answerStream } from "../inference/answer-stream.ts";
import type { Caller } from "../inference/caller.ts";
import type { Preferences } from "../inference/preferences.ts";
import type { InferenceRequest } from "../inference/request.ts";
import { type Run, startRun } from "../inference/run.ts";
import { refusePayer } from "../screening/screen-wallet.ts";
import { statePaid, stateUnpaid } from "./payments.ts";
import type { Services } from "./services.ts";

const POLL_MS = 50;
/** Longer answers are given once. */
const MAX_KEPT_BYTES = 4 * 1_048_576;
const EVENT_STREAM = "text/event-stream; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

/** A request that is paid for by a payment of its own. */
export type PaidRequest = {
  request: FastifyRequest;
  reply: FastifyReply;
  /** The `PAYMENT-SIGNATURE` header. */
  header: string;
  path: string;
  asked: { request: InferenceRequest; preferences: Preferences };
  /** The worst case, in µUSDC. */
  neededMicro: () => Promise<bigint>;
  /** What else is said in the headers of an answer. */
  describe: (run: Run) => void;
};

/**
 * Settles a request's payment, then answers it once, on the payer's own account. The same request with the same payment
 * is answered again, with what was answered; a client that has left can come back for it.
 */
export async function answerPaid(services: Services, paid: PaidRequest): Promise<unknown> {
  const { reply, header, path, request } = paid;
  const payment = readPayment(header);
  await refusePayer(services, payment.payer);
  const text = `${path}\n${JSON.stringify(request.body)}`;
  const settled = await settle(services, { paid, payment, text });
  statePaid(services, reply, { payer: payment.payer, transaction: settled.transactionHash });
  const claimed = await claim(services, { payment, requestId: request.id });
  if (claimed.answer) return giveAgain(reply, openAnswer(claimed.answer, text));
  const answering = { payment, text, requestId: request.id };
  try {
    return await answer(services, paid, { ...answering, accountId: settled.accountId });
  } catch (error) {
    await giveAnswerBack(services.sql, { ...payment, requestId: request.id });
    throw error;
  }
}

type Paying = { paid: PaidRequest; payment: Payment; text: string };

async function settle(services: Services, { paid, payment, text }: Paying) {
  const paying = { ...services, patienceMs: services.config.paymentPatienceMs };
  const closed = new AbortController();
  paid.reply.raw.once("close", () => closed.abort());
  try {
    await takePayment(paying, payment, { neededMicro: paid.neededMicro, requestHash: hashRequest(text) });
    return await awaitPayment(paying, payment, closed.signal);
  } catch (error) {
    if (error instanceof PaymentFailedError) stateUnpaid(services, paid.reply, error);
    throw error;
  }
}

/** Takes the request up, or waits for who has. @throws PaymentPendingError, PaymentFailedError */
async function claim(
  { sql, instanceId, config }: Services,
  { payment, requestId }: { payment: Payment; requestId: string },
): Promise<PaymentRow> {
  const { payer, nonce } = payment;
  const until = performance.now() + config.paymentPatienceMs;
  for (;;) {
    const [row] = await paymentsNamed(sql, { payer, nonce, paymentId: null });
    if (!row) throw new Error(`the payment ${nonce} of ${payer} is gone`);
    if (row.answer) return row;
    if (row.answered_at)
      throw new PaymentFailedError({
        reason: "invalid_exact_evm_nonce_already_used",
        message: "This payment's request was answered, and the answer is not kept any more. What is left is credit.",
        payer,
      });
    if (await claimAnswer(sql, { payer, nonce, requestId, instanceId })) return row;
    if (performance.now() >= until) throw new PaymentPendingError("This request is being answered.");
    await sleep(POLL_MS);
  }
}

function giveAgain(reply: FastifyReply, { contentType, body }: Answer): FastifyReply {
  return reply.header("content-type", contentType).header("x-infr-replayed", "true").send(body);
}

type Answering = { payment: Payment; text: string; requestId: string; accountId: string };

async function answer(services: Services, paid: PaidRequest, answering: Answering): Promise<unknown> {
  const { inference } = services;
  const run = await startRun(inference, {
    requestId: answering.requestId,
    caller: await callerOf(services, answering),
    ...paid.asked,
    // Not the connection's: who has paid and lost it comes back for the answer.
    leaving: new AbortController(),
  });
  paid.describe(run);
  if (run.request.stream) return stream(services, paid, { answering, run });
  const { body } = await answerJson(run);
  const text = JSON.stringify(body);
  // It is billed: if it can't be kept it is given all the same, and not again.
  await keep(services, answering, { contentType: JSON_TYPE, body: text }).catch((error: unknown) =>
    paid.request.log.error({ err: error, requestId: run.requestId }, "a paid answer is not kept"),
  );
  return paid.reply.header("content-type", JSON_TYPE).send(text);
}

/** The payer, as who he asks: his account pays, whatever limits he has set on it hold. */
async function callerOf({ sql }: Services, { payment, accountId }: Answering): Promise<Caller> {
  const { userId } = await sql.begin((tx) => ensureHome(tx, payment.payer));
  return {
    accountId,
    keyId: "x402",
    userId,
    name: "x402",
    models: null,
    subjects: { [`account:${accountId}`]: "this account", [`member:${userId}`]: "this wallet" },
  };
}

const keep = ({ sql }: Services, { payment, text, requestId }: Answering, answered: Answer): Promise<void> =>
  saveAnswer(sql, {
    ...payment,
    requestId,
    answer: Buffer.byteLength(answered.body) > MAX_KEPT_BYTES ? null : sealAnswer(answered, text),
  });

/** Streams, and keeps what was streamed if it is whole; else it is asked for again. */
function stream(
  services: Services,
  { request, reply }: PaidRequest,
  { answering, run }: { answering: Answering; run: Run },
): FastifyReply {
  void reply
    .header("content-type", EVENT_STREAM)
    .header("cache-control", "no-cache, no-transform, private")
    .header("x-accel-buffering", "no")
    .hijack();
  reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  const recorder = new Recorder(reply.raw);
  const state = { isWhole: false };
  const bill: Run["bill"] = async (answered, status) => {
    const billed = await run.bill(answered, status);
    state.isWhole = status === "ok";
    return billed;
  };
  const finish = async () => {
    await answerStream({ ...run, bill }, recorder);
    if (state.isWhole) await keep(services, answering, { contentType: EVENT_STREAM, body: recorder.text() });
    else await giveAnswerBack(services.sql, { ...answering.payment, requestId: answering.requestId });
  };
  finish().catch((error: unknown) => {
    request.log.error({ err: error, requestId: run.requestId }, "a paid stream could not be ended");
  });
  return reply;
}

/** Passes frames on and keeps them; goes on when nobody listens any more. */
class Recorder extends Writable {
  readonly #out: Writable;
  readonly #chunks: Buffer[] = [];

  constructor(out: Writable) {
    super();
    this.#out = out;
    out.on("error", () => {}); // the client left: the answer is kept for it
  }

  text = (): string => Buffer.concat(this.#chunks).toString("utf8");

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    if (!this.#out.destroyed) this.#out.write(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#out.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#out.destroy();
    done(error);
  }
}
