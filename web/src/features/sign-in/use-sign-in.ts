import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Address } from "viem";
import { createSiweMessage } from "viem/siwe";
import { type Config, type Connector, useConfig } from "wagmi";
import { connect, getConnection, signMessage } from "wagmi/actions";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { forgetAccount } from "../../lib/forget-account.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const STATEMENT = "Sign in to infr. This costs nothing and moves nothing.";
const LIFETIME_MS = 10 * 60_000;

/** Connects the chosen wallet unless it is, and signs in with it (EIP-4361). */
export function useSignIn(): UseMutationResult<void, Error, Connector> {
  const wagmi = useConfig();
  const { chainId } = useAppConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (connector) => {
      const address = await addressOf(wagmi, connector);
      const { nonce } = await unwrap(api.POST("/api/auth/nonce"));
      const message = createSiweMessage({
        domain: window.location.host,
        uri: window.location.origin,
        address,
        chainId,
        nonce,
        statement: STATEMENT,
        version: "1",
        issuedAt: new Date(),
        expirationTime: new Date(Date.now() + LIFETIME_MS),
      });
      const signature = await signMessage(wagmi, { account: address, connector, message });
      const { account } = await unwrap(api.POST("/api/auth/verify", { body: { message, signature } }));
      queries.setQueryData(queryKeys.session, account);
      forgetAccount(queries);
    },
  });
}

async function addressOf(wagmi: Config, connector: Connector): Promise<Address> {
  const current = getConnection(wagmi);
  if (current.address && current.connector?.uid === connector.uid) return current.address;
  const { accounts } = await connect(wagmi, { connector });
  return accounts[0];
}
