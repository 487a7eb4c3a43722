import type { LocalAccount } from "viem";

/** A key that signs, wherever it is kept. It never leaves its keeper, and is never logged. */
export type Signer = Pick<LocalAccount, "address" | "signTransaction" | "signTypedData">;
