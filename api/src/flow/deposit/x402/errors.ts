import { InfrError } from "../../../errors.ts";

/** The `PAYMENT-SIGNATURE` header is none: HTTP 400. */
export class MalformedPaymentError extends InfrError {
  readonly code = "invalid_payload";
  readonly status = 400;
  override readonly param = "PAYMENT-SIGNATURE";

  constructor(what: string) {
    super(`PAYMENT-SIGNATURE ${what}. Send base64 of an x402 version 2 payment payload (scheme exact).`);
  }
}

/** The payment was not taken, or could not be settled: HTTP 402. Its code is x402's name for the reason. */
export class PaymentFailedError extends InfrError {
  readonly code: string;
  readonly status = 402;
  readonly payer: string | null;

  constructor({ reason, message, payer = null }: { reason: string; message: string; payer?: string | null }) {
    super(message);
    this.code = reason;
    this.payer = payer;
  }
}

/** A payment identifier that stands for something else already: HTTP 409. */
export class PaymentConflictError extends InfrError {
  readonly code = "payment_identifier_conflict";
  readonly status = 409;

  constructor() {
    super("This payment identifier was used with another payment or request. Use a new one for each request.");
  }
}

/** The payment is on its way, or its request is being answered: HTTP 503, to be repeated as it is. */
export class PaymentPendingError extends InfrError {
  readonly code = "payment_pending";
  readonly status = 503;
  override readonly retryable = true;
  override readonly retryAfterSeconds = 2;

  constructor(what: string) {
    super(`${what} Send the same request with the same PAYMENT-SIGNATURE again: it is paid for only once.`);
  }
}
