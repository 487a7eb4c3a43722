import { encodePaymentResponseHeader } from "@x402/core/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { InfrError } from "../errors.ts";
import type { PaymentFailedError } from "../flow/deposit/x402/errors.ts";
import { paymentRequiredHeader } from "../flow/deposit/x402/terms.ts";
import type { Services } from "./services.ts";

/** What somebody without a key may ask in one body: it is read before anything is paid. */
const MAX_UNPAID_BYTES = 1_048_576;

/** Nobody said who pays: HTTP 402, with what it costs and how to pay it. */
export class PaymentRequiredError extends InfrError {
  readonly code = "insufficient_quota";
  readonly status = 402;

  constructor(topUpUrl: string) {
    super(
      `There is no API key. Send one as Authorization: Bearer sk-infr-… (add credit at ${topUpUrl}), or pay for this request by x402: sign what the header PAYMENT-REQUIRED asks for and send it as PAYMENT-SIGNATURE.`,
    );
  }
}

/** A body of an unknown length, or a long one, from somebody who has not paid: HTTP 413. */
class UnpaidBodyError extends InfrError {
  readonly code = "body_too_large";
  readonly status = 413;

  constructor() {
    super(`Without an API key a body has to say its Content-Length, of at most ${MAX_UNPAID_BYTES} bytes. Use a key.`);
  }
}

/** The header by which a request is paid for; null where there is none. */
export function paymentHeaderOf({ headers }: FastifyRequest): string | null {
  const header = headers["payment-signature"];
  return typeof header === "string" && header !== "" ? header : null;
}

/** What clients that have to send some key send for none. */
const NO_KEY = "x402";

/**
 * Whether a request is to be paid for by itself: it says so, or it names no key. Strangers can't make us parse much.
 * @throws UnpaidBodyError
 */
export function isPaidByItself(request: FastifyRequest, authorization: string | undefined): boolean {
  const key = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? NO_KEY;
  if (key !== NO_KEY && paymentHeaderOf(request) === null) return false;
  if (!(Number(request.headers["content-length"]) <= MAX_UNPAID_BYTES)) throw new UnpaidBodyError();
  return true;
}

export const topUpUrlOf = ({ config }: Services): string => new URL("/deposit", config.publicUrl).href;

/** Says in the headers of an answer with status 402 what a request costs and how to pay for it. */
export function demandPayment(
  services: Services,
  reply: FastifyReply,
  { neededMicro, path, error }: { neededMicro: bigint; path: string; error: string },
): void {
  const price = { amountMicro: neededMicro, url: new URL(path, services.config.publicUrl).href };
  void reply
    .header("payment-required", paymentRequiredHeader(services, { price, error }))
    .header("link", `<${topUpUrlOf(services)}>; rel="payment"`)
    .header("cache-control", "no-store");
}

const networkOf = ({ chain }: Services) => `eip155:${chain.chainId}` as const;

/** Says that a payment was settled, and by which transaction. */
export function statePaid(
  services: Services,
  reply: FastifyReply,
  { payer, transaction }: { payer: string; transaction: string },
): void {
  const response = { success: true, transaction, network: networkOf(services), payer };
  void reply.header("payment-response", encodePaymentResponseHeader(response)).header("cache-control", "private");
}

/** Says why a payment was not. */
export function stateUnpaid(
  services: Services,
  reply: FastifyReply,
  { code, message, payer }: PaymentFailedError,
): void {
  const response = {
    success: false,
    errorReason: code,
    errorMessage: message,
    transaction: "",
    network: networkOf(services),
    ...(payer !== null && { payer }),
  };
  void reply.header("payment-response", encodePaymentResponseHeader(response));
}
