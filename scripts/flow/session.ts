import { setTimeout } from "node:timers/promises";
import { type Client, createClient } from "@infr/sdk";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";

/** A wallet that is signed in: its account, and a client that carries its session. */
export type Signed = {
  account: { id: string; owner: string; ref: Hex; chainAccount: number | null };
  client: Client;
  /** The session, as a browser would send it. */
  cookie: string;
};

const PATIENCE_MS = 60_000;
const PAUSE_MS = 200;

/** Signs a wallet in with EIP-4361, as a browser would: the session lives in a cookie. */
export async function signIn(at: { api: string; web: string; chainId: number }, privateKey: Hex): Promise<Signed> {
  let cookie = "";
  const client = createClient({
    baseUrl: at.api,
    fetch: async (request) => {
      if (cookie) request.headers.set("cookie", cookie);
      const response = await fetchPatiently(request);
      const [set] = response.headers.getSetCookie();
      if (set) cookie = set.slice(0, set.indexOf(";"));
      return response;
    },
  });
  const wallet = privateKeyToAccount(privateKey);
  const { nonce } = must(await client.POST("/api/auth/nonce"));
  const message = createSiweMessage({
    address: wallet.address,
    chainId: at.chainId,
    domain: new URL(at.web).host,
    uri: new URL(at.web).origin,
    nonce,
    version: "1",
    statement: "Sign in to infr.",
  });
  const signature = await wallet.signMessage({ message });
  const { account } = must(await client.POST("/api/auth/verify", { body: { message, signature } }));
  return { account: { ...account, ref: account.ref as Hex }, client, cookie };
}

/** A process of the stack that has just died is started again: what it did not answer is asked once more. */
async function fetchPatiently(request: Request): Promise<Response> {
  for (const since = Date.now(); ; ) {
    try {
      const response = await fetch(request.clone());
      if (response.status < 500) return response;
      if (Date.now() - since > PATIENCE_MS) return response;
    } catch (error) {
      if (Date.now() - since > PATIENCE_MS) throw error;
    }
    await setTimeout(PAUSE_MS);
  }
}

/** What the API answered; throws with its words if it refused. */
export function must<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (data === undefined) throw new Error(`${response.status} from ${response.url}: ${JSON.stringify(error)}`);
  return data;
}
