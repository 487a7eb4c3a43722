import { encodePaymentRequiredHeader } from "@x402/core/http";
import type { PaymentRequired, PaymentRequirements } from "@x402/core/types";
import { getAddress } from "viem";
import type { Chain } from "../../../chain/open.ts";

/** How long a payer's signature has to be good for, in seconds: fees may make a transaction wait. */
const MAX_TIMEOUT_SECONDS = 300;
/** The smallest amount that the contract takes on this rail, µUSDC. */
export const MIN_PAYMENT_MICRO = 1_000_000n;

export const PAYMENT_IDENTIFIER = "payment-identifier";

/** What a payment is asked for: a request, and what it can cost. */
export type Price = { amountMicro: bigint; url: string };

/** What terms depend on: which token on which chain, and what its signatures name it. */
export type TermsContext = { chain: Pick<Chain, "chainId" | "usdc" | "escrow">; usdcDomain: UsdcDomain };
export type UsdcDomain = { name: string; version: string };

/** The one way to pay: USDC to the escrow, which credits it to the payer's own account (`depositFromPayer`). */
export function requirementsOf({ chain, usdcDomain }: TermsContext, amountMicro: bigint): PaymentRequirements {
  return {
    scheme: "exact",
    network: `eip155:${chain.chainId}`,
    amount: String(amountMicro < MIN_PAYMENT_MICRO ? MIN_PAYMENT_MICRO : amountMicro),
    asset: getAddress(chain.usdc),
    payTo: getAddress(chain.escrow),
    maxTimeoutSeconds: MAX_TIMEOUT_SECONDS,
    extra: { ...usdcDomain },
  };
}

/**
 * The `PAYMENT-REQUIRED` header of x402 version 2: what has to be signed to have this request served.
 * Source: https://github.com/x402-foundation/x402, specs/x402-specification-v2.md and specs/transports-v2/http.md.
 */
export function paymentRequiredHeader(
  context: TermsContext,
  { price, error }: { price: Price; error: string },
): string {
  const required: PaymentRequired = {
    x402Version: 2,
    error,
    resource: {
      url: price.url,
      description: "Inference on prepaid credit: what is left of the payment stays credit of your wallet's account.",
      mimeType: "application/json",
    },
    accepts: [requirementsOf(context, price.amountMicro)],
    extensions: { [PAYMENT_IDENTIFIER]: IDENTIFIER },
  };
  return encodePaymentRequiredHeader(required);
}

/** Source: x402's specs/extensions/payment_identifier.md. */
const IDENTIFIER = {
  info: { required: false },
  schema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      required: { type: "boolean" },
      id: { type: "string", minLength: 16, maxLength: 128, pattern: "^[a-zA-Z0-9_-]+$" },
    },
    required: ["required"],
  },
};
