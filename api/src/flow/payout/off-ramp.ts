/** What an off-ramp says of a payout to a bank. */
export type BankPayout = { status: "on_its_way" | "paid" } | { status: "failed"; reason: string };

/** News that an off-ramp has sent by itself: it only says what to ask for. */
export type OffRampNews =
  | { about: "payout"; recipientId: string; externalId: string }
  | { about: "recipient"; recipientId: string }
  | { about: "nothing" };

/** The off-ramp said no, for a reason that the same question later does not change. */
export class OffRampRefusedError extends Error {
  override readonly name = "OffRampRefusedError";
}

/** News whose signature, or whose age, is wrong. */
export class ForgedNewsError extends Error {
  override readonly name = "ForgedNewsError";
}

/**
 * A service that turns USDC into money at a bank. The contract pays earnings to `address`; the service pays the same in
 * dollars to the earner. Whatever it throws but {@link OffRampRefusedError} is tried again.
 */
export interface OffRamp {
  provider: string;
  /** Lower-case; what earners set as their payout address in the contract. */
  address: string;
  /** Makes the service know an account; the same one for the same account, however often. @returns its id there */
  openRecipient: (accountId: string) => Promise<string>;
  /** A page, good for minutes, on which the recipient gives his bank details to the service and not to us. */
  onboardingUrl: (recipientId: string) => Promise<string>;
  /** Whether the service would pay to his bank. */
  isEnabled: (recipientId: string) => Promise<boolean>;
  /** Moves dollars to the recipient's balance at the service, once per payout. @returns the transfer's id */
  transfer: (payout: { payoutId: string; recipientId: string; cents: bigint }) => Promise<string>;
  /** Sends them on to his bank, once per payout. @returns the payout's id there */
  payOut: (payout: { payoutId: string; recipientId: string; cents: bigint }) => Promise<string>;
  /** How far a payout to a bank has come. */
  readPayout: (payout: { recipientId: string; externalId: string }) => Promise<BankPayout>;
  /** Reads news, from the bytes as they came. @throws ForgedNewsError */
  readNews: (body: Buffer, signature: string) => OffRampNews;
}
