import { setTimeout as sleep } from "node:timers/promises";
import type { Dispatcher } from "undici";
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  http,
  isAddress,
  type PublicClient,
  toCoinType,
} from "viem";
import { mainnet } from "viem/chains";
import { normalize } from "viem/ens";
import { UnavailableError } from "../errors.ts";
import type { Directory } from "./directories.ts";
import { gatewaysOf } from "./ens-gateway.ts";

const TIMEOUT_MS = 5_000;
/** For a whole lookup, and what it may ask of gateways and of our own endpoint: resolvers are strangers' code. */
const LOOKUP_MS = 10_000;
const MOST_GATEWAYS = 8;
/** What the code of an account looks like whose key signs, and lends it a contract's abilities (EIP-7702). */
const DELEGATION = "0xef0100";
/** What the universal resolver says of a name that has no such address. All else is a failure: it may have one. */
const NO_ADDRESS = new Set(["ResolverNotFound", "ResolverNotContract", "UnsupportedResolverProfile"]);

export type EnsSettings = {
  rpcUrl: string;
  /** Of our own chain. */
  chainId: number;
  /** Another universal resolver than Ethereum's own. */
  resolver: Address | null;
  agent: Dispatcher;
  /** Gateways may be asked without https, in development. */
  isPlain: boolean;
};

/**
 * The Ethereum Name Service, asked through its universal resolver (ENSIP-10, ENSIP-21): names of ENS itself, and basenames
 * (`alice.base.eth`), which it finds by ERC-3668. A name leads to the wallet that it has on this chain (ENSIP-11), else to its
 * general one, unless that is a contract: whose that is elsewhere, nobody knows.
 */
export function openEns(settings: EnsSettings): Directory {
  return {
    walletOf: async (written) => {
      const name = normalized(written);
      if (name === null) return null;
      const late = new AbortController();
      const outOfTime = sleep(LOOKUP_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error(`${name} was not resolved in ${LOOKUP_MS / 1_000} s`);
      });
      outOfTime.catch(() => {});
      try {
        return await Promise.race([lookUp(settings, name), outOfTime]);
      } catch (cause) {
        throw new UnavailableError("The name service", cause);
      } finally {
        late.abort();
      }
    },
  };
}

/** With a client of its own, so that what it asks of gateways can be counted. */
async function lookUp({ rpcUrl, chainId, resolver, ...gateways }: EnsSettings, name: string): Promise<Address | null> {
  const client = createPublicClient({
    chain: mainnet,
    transport: http(rpcUrl, { timeout: TIMEOUT_MS, retryCount: 1 }),
    ccipRead: { request: gatewaysOf({ ...gateways, most: MOST_GATEWAYS }) },
  });
  const universalResolverAddress = resolver ?? mainnet.contracts.ensUniversalResolver.address;
  const asked = { name, universalResolverAddress, strict: true };
  const here = await orNone(client.getEnsAddress({ ...asked, coinType: toCoinType(chainId) }));
  return here ?? (await signingOnly(client, await orNone(client.getEnsAddress(asked))));
}

/** Whatever a resolver says is not an address is none. */
async function orNone(answer: Promise<Address | null>): Promise<Address | null> {
  try {
    const address = await answer;
    return address !== null && isAddress(address) ? address : null;
  } catch (error) {
    const reverted = error instanceof BaseError && error.walk((one) => one instanceof ContractFunctionRevertedError);
    const name = reverted instanceof ContractFunctionRevertedError ? reverted.data?.errorName : undefined;
    if (name !== undefined && NO_ADDRESS.has(name)) return null;
    throw error;
  }
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
