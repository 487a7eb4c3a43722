import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Signer } from "./signer.ts";

/** A key that stands in the environment: for development, and where the environment is a secret store. */
export const openLocalSigner = (privateKey: Hex): Signer => privateKeyToAccount(privateKey);
