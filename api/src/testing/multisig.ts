import { deploySettlerWallet } from "@infr/contracts/testing";
import { getAddress, type Hex, hashMessage, hashTypedData, type TypedDataDefinition } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { joinSignatures } from "../flow/batch/co-signature.ts";
import { RICH_KEY, type TestApi } from "./api.ts";

/** A wallet that is a contract and signs with two keys (ERC-1271), as a team's Safe does; `by` names who of the two signs. */
export async function deployMultisig({ chain }: Pick<TestApi, "chain">) {
  const keys = [privateKeyToAccount(generatePrivateKey()), privateKeyToAccount(generatePrivateKey())] as const;
  const address = await deploySettlerWallet({
    rpcUrl: chain.rpcUrl,
    deployerKey: RICH_KEY,
    settler: keys[0].address,
    cosigner: keys[1].address,
  });
  const signHash = async (hash: Hex, by: ReadonlyArray<(typeof keys)[number]>): Promise<Hex> =>
    joinSignatures(
      await Promise.all(by.map(async (key) => ({ signer: key.address, signature: await key.sign({ hash }) }))),
    );
  return {
    address: getAddress(address),
    keys,
    signTypedData: (typedData: TypedDataDefinition, by: ReadonlyArray<(typeof keys)[number]> = keys) =>
      signHash(hashTypedData(typedData), by),
    signMessage: (message: string) => signHash(hashMessage(message), keys),
  };
}
