import type { Dispatcher } from "undici";
import { type Address, createPublicClient, http, type PublicClient, toCoinType } from "viem";
import { mainnet } from "viem/chains";
import { normalize } from "viem/ens";
import { UnavailableError } from "../errors.ts";
import type { Directory } from "./directories.ts";
import { askGateways } from "./ens-gateway.ts";

const TIMEOUT_MS = 5_000;
/** What the code of an account looks like whose key signs, and lends it a contract's abilities (EIP-7702). */
const DELEGATION = "0xef0100";

/**
 * The Ethereum Name Service, asked through its universal resolver (ENSIP-10, ENSIP-21): names of ENS itself, and basenames
 * (`alice.base.eth`), which it finds by ERC-3668. A name leads to the wallet that it has on this chain (ENSIP-11), else to its
 * general one, unless that is a contract: whose that is elsewhere, nobody knows.
 */
export function openEns({
  rpcUrl,
  chainId,
  resolver,
  agent,
}: {
  rpcUrl: string;
  /** Of our own chain. */
  chainId: number;
  /** Another universal resolver than Ethereum's own. */
  resolver: Address | null;
  agent: Dispatcher;
}): Directory {
  const client = createPublicClient({
    chain: mainnet,
    transport: http(rpcUrl, { timeout: TIMEOUT_MS, retryCount: 1 }),
    ccipRead: { request: (asked) => askGateways(agent, asked) },
  });
  const universalResolverAddress = resolver ?? mainnet.contracts.ensUniversalResolver.address;
  return {
    walletOf: async (written) => {
      const name = normalized(written);
      if (name === null) return null;
      try {
        const asked = { name, universalResolverAddress };
        const here = await client.getEnsAddress({ ...asked, coinType: toCoinType(chainId) });
        return here ?? (await signingOnly(client, await client.getEnsAddress(asked)));
      } catch (cause) {
        throw new UnavailableError("The name service", cause);
      }
    },
  };
}

async function signingOnly(client: PublicClient, address: Address | null): Promise<Address | null> {
  if (address === null) return null;
  const code = await client.getCode({ address });
  return code === undefined || code.startsWith(DELEGATION) ? address : null;
}

/** As ENSIP-15 writes it; null for what is no name there, such as one that mixes scripts to look like another. */
function normalized(name: string): string | null {
  try {
    return normalize(name);
  } catch {
    return null;
  }
}
