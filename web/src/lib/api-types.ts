/** The routes that the web app speaks to, in the form openapi-typescript writes them. */

type Address = `0x${string}`;
type Json<T> = { headers: Record<string, unknown>; content: { "application/json": T } };
type Fails = { default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } } };
type Ok<T> = { 200: Json<T> } & Fails;
type Gone = { 204: { headers: Record<string, unknown>; content?: never } } & Fails;
type Body<T> = { content: { "application/json": T } };

/** Problem details (RFC 9457) with a stable `code`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
}

interface Account {
  id: string;
  owner: Address;
  ref: Address;
  chainAccount: number | null;
  createdAt: string;
}

interface Config {
  chainId: number;
  chainName: string;
  rpcUrl: string;
  dev: boolean;
  contracts: { escrow: Address; usdc: Address };
  usdc: { name: string; version: string };
  minDepositUsd: string;
  minPayoutUsd: string;
  origin: string;
  explorerUrl: string | null;
}

interface Balance {
  spendable: string;
  onChain: string;
  debt: string;
  unsettled: string;
  held: string;
  funded: string;
  currency: "USD";
}

interface Deposit {
  id: string;
  amount: string;
  rail: string;
  payer: Address;
  transactionHash: Address;
  blockNumber: number;
  finality: "seen" | "safe" | "final";
  status: "credited" | "reversed";
  bookedAt: string;
}

interface Transaction {
  id: string;
  kind: string;
  state: "queued" | "sent" | "mined" | "final" | "failed";
  hash: Address | null;
  error: string | null;
}

interface Authorization {
  from: Address;
  amount: string;
  validAfter: number;
  validBefore: number;
  memo: Address;
  salt: Address;
  signature: Address;
}

interface Key {
  id: string;
  name: string;
  prefix: string;
  createdAt: string;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

interface NewKey {
  id: string;
  name: string;
  prefix: string;
  key: string;
  createdAt: string;
}

interface Usage {
  id: string;
  time: string;
  model: string;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  cost: string;
  costBreakdown: { prompt: string; cached: string; completion: string; reasoning: string };
  nodeId: string;
  nodeName: string;
  latencyMs: number;
  status: "ok" | "aborted" | "error";
  usageSource: "node" | "recount" | "drained";
  batchSeq: number | null;
  keyId: string | null;
}

interface ChatRequest {
  model: string;
  messages: { role: "user" | "assistant" | "system"; content: string }[];
  stream: boolean;
  stream_options?: { include_usage: boolean };
  max_tokens?: number;
}

interface Bearer {
  Authorization: string;
}

interface Model {
  id: string;
  context_length: number;
  pricing: { prompt: string; completion: string };
}

type Route<Get, Post = never, Delete = never> = ([Get] extends [never] ? unknown : { get: Get }) &
  ([Post] extends [never] ? unknown : { post: Post }) &
  ([Delete] extends [never] ? unknown : { delete: Delete });

export interface paths {
  "/api/config": Route<{ responses: Ok<Config> }>;
  "/api/auth/nonce": Route<never, { responses: Ok<{ nonce: string }> }>;
  "/api/auth/verify": Route<
    never,
    { requestBody: Body<{ message: string; signature: string }>; responses: Ok<{ account: Account }> }
  >;
  "/api/auth/logout": Route<never, { responses: Gone }>;
  "/api/account": Route<{ responses: Ok<{ account: Account }> }>;
  "/api/balance": Route<{ responses: Ok<Balance> }>;
  "/api/deposits": Route<{
    parameters: { query?: { limit?: number } };
    responses: Ok<{ deposits: Deposit[] }>;
  }>;
  "/api/deposits/authorizations": Route<
    never,
    { requestBody: Body<Authorization>; responses: { 202: Json<{ transaction: Transaction }> } & Fails }
  >;
  "/api/transactions/{id}": Route<{ parameters: { path: { id: string } }; responses: Ok<Transaction> }>;
  "/api/keys": Route<
    { responses: Ok<{ keys: Key[] }> },
    { requestBody: Body<{ name: string }>; responses: { 201: Json<NewKey> } & Fails }
  >;
  "/api/keys/{id}": Route<never, never, { parameters: { path: { id: string } }; responses: Gone }>;
  "/api/usage": Route<{
    parameters: { query?: { limit?: number; cursor?: string } };
    responses: Ok<{ usage: Usage[]; nextCursor: string | null }>;
  }>;
  "/v1/models": Route<{ responses: Ok<{ data: Model[] }> }>;
  "/v1/chat/completions": Route<
    never,
    { parameters: { header: Bearer }; requestBody: Body<ChatRequest>; responses: Ok<unknown> }
  >;
}
