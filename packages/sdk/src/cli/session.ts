import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { type Request, UsageError } from "./options.ts";

const TIMEOUT_MS = 60_000;

/** What the API says of itself to everybody. */
export interface ApiConfig {
  chainId: number;
  origin: string;
  contracts: { escrow: Hex };
}

/** Asks the API as somebody signed in, or with a management key. */
export type Ask = <T>(
  path: string,
  question?: { method?: "PATCH"; body?: object; headers?: Record<string, string> },
) => Promise<T>;

/** The wallet in INFR_PRIVATE_KEY: options would show it to everybody who lists processes. @throws UsageError */
export function walletOf({ privateKey }: Request) {
  if (privateKey === undefined || !/^0x[0-9a-fA-F]{64}$/.test(privateKey))
    throw new UsageError("Put your wallet's private key into INFR_PRIVATE_KEY: 0x and 64 digits.");
  return privateKeyToAccount(privateKey as Hex);
}

/** A way to ask with fixed headers: POST where there is a body and nothing else is said. @throws UsageError with what the API says */
export function askWith(request: Request, fixed: Record<string, string>): Ask {
  const { api } = request;
  if (api === undefined) throw new UsageError("Say which API to use: --api URL, or INFR_API.");
  return async (path, { body, method = body === undefined ? "GET" : "POST", headers = {} } = {}) => {
    const response = await fetch(new URL(path, api), {
      method,
      headers: { ...fixed, ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok)
      throw new UsageError(
        (answer as { detail?: string } | null)?.detail ?? `${api} answered ${response.status} to ${path}.`,
      );
    return answer as never;
  };
}

/** Signs in with the wallet in the environment (EIP-4361). @returns a way to ask as its user, and what the API is */
export async function signIn(request: Request): Promise<{ ask: Ask; config: ApiConfig }> {
  const wallet = walletOf(request);
  const stranger = askWith(request, {});
  const config = await stranger<ApiConfig>("/api/config");
  const { nonce } = await stranger<{ nonce: string }>("/api/auth/nonce", { body: {} });
  const message = createSiweMessage({
    address: wallet.address,
    chainId: config.chainId,
    domain: new URL(config.origin).host,
    uri: config.origin,
    nonce,
    version: "1",
    statement: "Sign in to infr.",
  });
  const signature = await wallet.signMessage({ message });
  const response = await fetch(new URL("/api/auth/verify", request.api), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message, signature }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const [cookie] = response.headers.getSetCookie();
  if (!response.ok || cookie === undefined)
    throw new UsageError(`${request.api} did not sign ${wallet.address} in: ${response.status}.`);
  return { ask: askWith(request, { cookie: cookie.slice(0, cookie.indexOf(";")) }), config };
}

/** Asks with the management key in the environment, or else as who has signed in with the wallet there. */
export async function askAs(request: Request): Promise<Ask> {
  if (request.apiKey === undefined) return (await signIn(request)).ask;
  return askWith(request, { authorization: `Bearer ${request.apiKey}` });
}
