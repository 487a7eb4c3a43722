import { hash, randomBytes } from "node:crypto";
import type { Hex } from "viem";

/** A secret with 256 random bits, as text. */
export const newSecret = (): string => randomBytes(32).toString("base64url");

/** What tells an account in the contract from others of the same owner. */
export const newSalt = (): Hex => `0x${randomBytes(32).toString("hex")}`;

/** What is stored of a secret. It has too much entropy to be guessed, so a fast hash is as good as a slow one. */
export const hashSecret = (secret: string): Buffer => hash("sha256", secret, "buffer");
