import type { Address } from "viem";
import type { Host } from "./ask-host.ts";

/**
 * Knows wallets by something that people know of each other: names of ENS, telephone numbers.
 * @returns null for who is not known
 * @throws UnavailableError if it does not answer
 */
export type Directory = { walletOf: (key: string) => Promise<Address | null> };

/** Where names lead that nobody has chosen here. */
export type Directories = {
  /** What comes after the @ of our own names. */
  host: string;
  askHost: (name: { name: string; host: string }) => Promise<Host>;
  /** null: not looked up here. */
  ens: Directory | null;
  phones: Directory | null;
};
