import type { Address, Hex } from "viem";
import { createSiweMessage } from "viem/siwe";
import type { Config, Connector } from "wagmi";
import { connect, getConnection, signMessage } from "wagmi/actions";
import { api, unwrap } from "./api.ts";

const LIFETIME_MS = 10 * 60_000;

type Wanted = {
  connector: Connector;
  chainId: number;
  /** What the wallet shows its user. */
  statement: string;
};

/** Connects the chosen wallet unless it is, and has it sign that it is here (EIP-4361). */
export async function signInMessage(
  wagmi: Config,
  { connector, chainId, statement }: Wanted,
): Promise<{ message: string; signature: Hex }> {
  const address = await connectTo(wagmi, connector);
  const { nonce } = await unwrap(api.POST("/api/auth/nonce"));
  const message = createSiweMessage({
    domain: window.location.host,
    uri: window.location.origin,
    address,
    chainId,
    nonce,
    statement,
    version: "1",
    issuedAt: new Date(),
    expirationTime: new Date(Date.now() + LIFETIME_MS),
  });
  return { message, signature: await signMessage(wagmi, { account: address, connector, message }) };
}

/** Connects a wallet unless it is. @returns the address that it uses */
export async function connectTo(wagmi: Config, connector: Connector): Promise<Address> {
  const current = getConnection(wagmi);
  if (current.address && current.connector?.uid === connector.uid) return current.address;
  const { accounts } = await connect(wagmi, { connector });
  return accounts[0];
}
