import { type QueryClient, type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Address } from "viem";
import { createSiweMessage } from "viem/siwe";
import { type Config, type Connector, useConfig } from "wagmi";
import { connect, disconnect, getConnection, signMessage } from "wagmi/actions";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
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
      forgetAccount(queries);
      queries.setQueryData(queryKeys.session, account);
    },
  });
}

async function addressOf(wagmi: Config, connector: Connector): Promise<Address> {
  const current = getConnection(wagmi);
  if (current.address && current.connector?.uid === connector.uid) return current.address;
  const { accounts } = await connect(wagmi, { connector });
  return accounts[0];
}

/** Ends the session and lets go of the wallet; nothing of the account stays in the page. */
export function useSignOut(): UseMutationResult<void, Error, void> {
  const wagmi = useConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await unwrap(api.POST("/api/auth/logout"));
      await disconnect(wagmi);
      forgetAccount(queries);
      queries.setQueryData(queryKeys.session, null);
    },
  });
}

/** Also before somebody signs in: a session may have ended without a sign-out, and left another account's data. */
function forgetAccount(queries: QueryClient): void {
  window.sessionStorage.clear();
  queries.removeQueries({ predicate: ({ queryKey }) => !KEPT.has(queryKey[0]) });
}

const KEPT = new Set<unknown>([queryKeys.session[0], queryKeys.config[0]]);
