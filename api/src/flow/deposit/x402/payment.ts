import { decodePaymentSignatureHeader } from "@x402/core/http";
import { parsePaymentPayload } from "@x402/core/schemas";
import type { PaymentRequirements } from "@x402/core/types";
import { Type } from "typebox";
import { Value } from "typebox/value";
import type { Address, Hex } from "viem";
import { MalformedPaymentError } from "./errors.ts";
import { PAYMENT_IDENTIFIER } from "./terms.ts";

const MAX_HEADER_CHARACTERS = 16_384;

/** An ERC-3009 `TransferWithAuthorization` that its payer has signed for one request. */
export type Payment = {
  /** Lower-case, as all addresses of ours. */
  payer: Address;
  payTo: Address;
  amountMicro: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
  signature: Hex;
  /** What the payer says he has accepted. */
  accepted: PaymentRequirements;
  /** His own name for the payment; null if he gives none. */
  paymentId: string | null;
};

const Uint = Type.String({ pattern: "^[0-9]{1,78}$" });
const AddressText = Type.String({ pattern: "^0x[0-9a-fA-F]{40}$" });

/** Of the scheme `exact` by ERC-3009. Source: x402's specs/schemes/exact/scheme_exact_evm.md. */
const ExactPayload = Type.Object({
  signature: Type.String({ pattern: "^0x([0-9a-fA-F]{2}){1,4096}$" }),
  authorization: Type.Object({
    from: AddressText,
    to: AddressText,
    value: Uint,
    validAfter: Uint,
    validBefore: Uint,
    nonce: Type.String({ pattern: "^0x[0-9a-fA-F]{64}$" }),
  }),
});

const Identifier = Type.Object({
  info: Type.Object({ id: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_-]{16,128}$" })) }),
});

/** Reads a `PAYMENT-SIGNATURE` header. Nothing in it is believed yet. @throws MalformedPaymentError */
export function readPayment(header: string): Payment {
  if (header.length > MAX_HEADER_CHARACTERS)
    throw new MalformedPaymentError(`is longer than ${MAX_HEADER_CHARACTERS} characters`);
  const parsed = parsePaymentPayload(decode(header));
  if (!parsed.success || parsed.data.x402Version !== 2)
    throw new MalformedPaymentError("is no payment payload of x402 version 2");
  const { payload, accepted, extensions } = parsed.data;
  if (!Value.Check(ExactPayload, payload)) throw new MalformedPaymentError("has no ERC-3009 authorization");
  const { authorization: signed, signature } = payload;
  return {
    payer: signed.from.toLowerCase() as Address,
    payTo: signed.to.toLowerCase() as Address,
    amountMicro: BigInt(signed.value),
    validAfter: BigInt(signed.validAfter),
    validBefore: BigInt(signed.validBefore),
    nonce: signed.nonce.toLowerCase() as Hex,
    signature: signature as Hex,
    accepted: accepted as PaymentRequirements,
    paymentId: identifierOf(extensions?.[PAYMENT_IDENTIFIER]),
  };
}

function decode(header: string): unknown {
  try {
    return decodePaymentSignatureHeader(header);
  } catch {
    throw new MalformedPaymentError("is not base64 of JSON");
  }
}

function identifierOf(extension: unknown): string | null {
  if (extension === undefined || extension === null) return null;
  if (!Value.Check(Identifier, extension))
    throw new MalformedPaymentError(
      "has a payment-identifier that is not 16 to 128 letters, digits, hyphens and underscores",
    );
  return extension.info.id ?? null;
}
