import type { LocalAccount } from "viem";

/** A key that signs, wherever it is kept. It never leaves its keeper, and is never logged. */
export type Signer = Pick<LocalAccount, "address" | "signTransaction" | "signTypedData">;

/** A key can't be used; the message says what to do. It never holds a part of a key or a password. */
export class SignerError extends Error {
  override readonly name = "SignerError";
  readonly code = "signer";
}
