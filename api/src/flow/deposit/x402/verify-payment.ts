import { creditEscrowAbi } from "@infr/contracts/abi";
import {
  type Address,
  BaseError,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  parseAbi,
  recoverTypedDataAddress,
} from "viem";
import type { Chain } from "../../../chain/open.ts";
import { isOutOfReach, isRevert, revertReason } from "../../../chain/rpc-errors.ts";
import { UnavailableError } from "../../../errors.ts";
import { PaymentFailedError } from "./errors.ts";
import type { Payment } from "./payment.ts";
import { MIN_PAYMENT_MICRO, requirementsOf, type TermsContext } from "./terms.ts";

/** What checking a payment may burn: signatures of smart wallets run code that we do not know. */
const GAS_LIMIT = 1_000_000n;
/** What sending and mining it takes at least, in seconds. */
const LEAST_LEFT_SECONDS = 6n;

const authorizationTypes = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

const authorizationAbi = parseAbi([
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
]);

/** What verifying works with. */
export type Verifying = TermsContext & { chain: Chain; relayer: Address };

const refuse = (payment: Payment, reason: string, message: string): never => {
  throw new PaymentFailedError({ reason, message, payer: payment.payer });
};

/**
 * Whether a payment is what was asked for, as far as it says itself: the cheap questions, before the chain is asked.
 * Reasons are x402's. More than was asked for is taken: prices may have fallen since, and it is the payer's credit.
 * @throws PaymentFailedError
 */
export function checkTerms(context: TermsContext, payment: Payment, neededMicro: bigint): void {
  const { accepted } = payment;
  const asked = requirementsOf(context, neededMicro);
  if (accepted.scheme !== asked.scheme)
    refuse(payment, "unsupported_scheme", `The scheme has to be ${asked.scheme}, and is ${accepted.scheme}.`);
  if (accepted.network !== asked.network)
    refuse(payment, "invalid_network", `The network has to be ${asked.network}, and is ${accepted.network}.`);
  if (!isSame(accepted.asset, asked.asset))
    refuse(payment, "invalid_exact_evm_asset", `The asset has to be USDC, ${asked.asset}.`);
  if (!isSame(accepted.payTo, asked.payTo) || !isSame(payment.payTo, asked.payTo))
    refuse(payment, "invalid_exact_evm_recipient_mismatch", `Pay to ${asked.payTo}.`);
  if (accepted.amount !== String(payment.amountMicro))
    refuse(
      payment,
      "invalid_exact_evm_payload_authorization_value_mismatch",
      `The amount that is signed, ${payment.amountMicro}, is not the one that was accepted, ${accepted.amount}.`,
    );
  if (payment.amountMicro < BigInt(asked.amount) || payment.amountMicro < MIN_PAYMENT_MICRO)
    refuse(
      payment,
      "invalid_exact_evm_payload_authorization_value",
      `This request has to be paid with at least ${asked.amount} units of USDC, and ${payment.amountMicro} are signed.`,
    );
  if (payment.amountMicro >= 2n ** 63n)
    refuse(payment, "invalid_exact_evm_payload_authorization_value", "The amount is more than there is.");
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The call that settles a payment: whoever sends it, it credits the payer's own account. */
export const callOf = ({ payer, amountMicro, validAfter, validBefore, nonce, signature }: Payment): Hex =>
  encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "depositFromPayer",
    args: [{ from: payer, amount: amountMicro, validAfter, validBefore, nonce, signature }],
  });

/**
 * Whether a payment can be settled on the chain as it is now: time, signature (ECDSA, or ERC-1271 where a contract pays),
 * whose account it is, balance, nonce, and the call itself.
 * @throws PaymentFailedError with x402's reason; UnavailableError when the chain does not answer
 */
export async function checkOnChain(context: Verifying, payment: Payment): Promise<void> {
  try {
    await checkTime(context, payment);
    await checkSignature(context, payment);
    await checkState(context, payment);
    await context.chain.client.call({
      account: context.relayer,
      to: context.chain.escrow,
      data: callOf(payment),
      gas: GAS_LIMIT,
    });
  } catch (error) {
    if (error instanceof PaymentFailedError) throw error;
    if (isRevert(error))
      refuse(
        payment,
        "invalid_exact_evm_transaction_simulation_failed",
        `The contract refuses: ${revertReason(error)}.`,
      );
    if (error instanceof BaseError && isOutOfReach(error)) throw new UnavailableError("The chain", error);
    throw error;
  }
}

/** By the chain's clock, which is the one that counts. */
async function checkTime({ chain }: Verifying, payment: Payment): Promise<void> {
  const { timestamp } = await chain.client.getBlock();
  if (payment.validAfter >= timestamp)
    refuse(payment, "invalid_exact_evm_payload_authorization_valid_after", "The authorization is not valid yet.");
  if (payment.validBefore < timestamp + LEAST_LEFT_SECONDS)
    refuse(payment, "invalid_exact_evm_payload_authorization_valid_before", "The authorization has expired.");
}

async function checkSignature({ chain, usdcDomain }: Verifying, payment: Payment): Promise<void> {
  const { payer, payTo, amountMicro: value, validAfter, validBefore, nonce, signature } = payment;
  const typedData = {
    domain: { ...usdcDomain, chainId: chain.chainId, verifyingContract: chain.usdc },
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message: { from: payer, to: payTo, value, validAfter, validBefore, nonce },
  } as const;
  const signer = await recoverTypedDataAddress({ ...typedData, signature }).catch(() => null);
  if (signer !== null && isSame(signer, payer)) return;
  // A wallet that has no code yet can't be asked, and the token would not ask it either.
  if ((await chain.client.getCode({ address: payer })) === undefined)
    refuse(payment, "invalid_exact_evm_signature", "The signature is not the payer's.");
  if (!(await chain.client.verifyTypedData({ address: payer, ...typedData, signature })))
    refuse(payment, "invalid_exact_evm_signature", "The payer's wallet does not take this signature for its own.");
}

async function checkState({ chain }: Verifying, payment: Payment): Promise<void> {
  const { payer, nonce } = payment;
  const { client, usdc, escrow } = chain;
  const [isUsed, balance, account] = await Promise.all([
    client.readContract({
      address: usdc,
      abi: authorizationAbi,
      functionName: "authorizationState",
      args: [payer, nonce],
    }),
    client.readContract({ address: usdc, abi: erc20Abi, functionName: "balanceOf", args: [payer] }),
    client.readContract({ address: escrow, abi: creditEscrowAbi, functionName: "idOf", args: [payer] }),
  ]);
  if (isUsed)
    refuse(payment, "invalid_exact_evm_nonce_already_used", "This authorization was used or cancelled before.");
  if (balance < payment.amountMicro)
    refuse(
      payment,
      "insufficient_funds",
      `The wallet has ${balance} units of USDC, and ${payment.amountMicro} are to be paid.`,
    );
  if (account === 0) return;
  const owner = await client.readContract({
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "ownerOf",
    args: [account],
  });
  // The rail credits the first owner's account, whoever owns it by now.
  if (!isSame(owner, payer))
    refuse(
      payment,
      "payer_account_moved",
      "The account of this wallet belongs to another owner now. Pay with a key instead.",
    );
}
