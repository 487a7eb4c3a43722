import { type Static, Type } from "typebox";
import { Check } from "typebox/value";
import type { Dispatcher } from "undici";
import { type Address, isAddress } from "viem";
import { getJson } from "../outbound/get-json.ts";

/** What a host says of one of its names; the same as we say of ours at `/.well-known/infr/:name`. */
export const NameDocument = Type.Object({
  name: Type.String({ description: "alice@host.example" }),
  wallet: Type.Union([Type.String({ pattern: "^0x[0-9a-fA-F]{40}$" }), Type.Null()], {
    description: "The person whose account it is; null for a team, and where the platform signs.",
  }),
  chainId: Type.Integer(),
  escrow: Type.String({ pattern: "^0x[0-9a-fA-F]{40}$", description: "The CreditEscrow contract there." }),
  ref: Type.String({ pattern: "^0x[0-9a-f]{64}$", description: "The account in it, as deposits name it." }),
  chainAccount: Type.Union([Type.Integer(), Type.Null()], { description: "Its number; null until it is open." }),
});

/** What came of asking: the wallet of the name, or why there is none. */
export type Host = { wallet: Address } | { wallet: null; why: "unknown" | "no_wallet" | "other_chain" | "unreachable" };

/**
 * Asks another host for the wallet behind one of its names. Never throws: the host is not ours.
 * @param chainId of our own chain
 * @param isPlain where connections may be private, in development: those without a certificate are
 */
export async function askHost(
  { agent, isPlain, chainId }: { agent: Dispatcher; isPlain: boolean; chainId: number },
  { name, host }: { name: string; host: string },
): Promise<Host> {
  try {
    const url = new URL(`${isPlain ? "http" : "https"}://${host}/.well-known/infr/${name}`);
    const answer: unknown = await getJson({ agent, url });
    if (answer === null) return { wallet: null, why: "unknown" };
    return walletOf(answer, chainId);
  } catch {
    return { wallet: null, why: "unreachable" };
  }
}

function walletOf(answer: unknown, ours: number): Host {
  if (!Check(NameDocument, answer)) return { wallet: null, why: "unreachable" };
  const { wallet, chainId }: Static<typeof NameDocument> = answer;
  if (wallet === null) return { wallet: null, why: "no_wallet" };
  // What is a wallet there may be nobody's here: a contract's address is its owner's on its own chain alone.
  if (chainId !== ours) return { wallet: null, why: "other_chain" };
  // One with capitals has to have a right checksum (ERC-55).
  return isAddress(wallet) ? { wallet } : { wallet: null, why: "unreachable" };
}
