import { creditEscrowAbi } from "@infr/contracts/abi";
import type { operationTypedData } from "@infr/protocol";
import { type Address, type Hex, hashTypedData, recoverTypedDataAddress } from "viem";
import type { Chain } from "../../chain/open.ts";

/** Who owns an account in the contract, and the nonce that his next operation carries; at a block, or the newest. */
export async function readOwner(
  { client, escrow }: Chain,
  number: number,
  at?: bigint,
): Promise<{ owner: Address; nonce: bigint }> {
  const { owner, nonce } = await client.readContract({
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "accountOf",
    args: [number],
    ...(at === undefined ? {} : { blockNumber: at }),
  });
  return { owner, nonce };
}

/** Whether the contract would take a signature: its signer's by ECDSA, or else by ERC-1271 if he has code. */
export async function isSigned(
  { client }: Chain,
  { owner, typedData, signature }: { owner: Address; typedData: ReturnType<typeof operationTypedData>; signature: Hex },
): Promise<boolean> {
  try {
    if ((await recoverTypedDataAddress({ ...typedData, signature })) === owner) return true;
  } catch {
    // no ECDSA signature: it may be a smart wallet's
  }
  const code = await client.getCode({ address: owner });
  return code !== undefined && (await client.verifyHash({ address: owner, hash: hashTypedData(typedData), signature }));
}
