import { type Hex, type PublicClient, TransactionNotFoundError, TransactionReceiptNotFoundError } from "viem";
import { api, unwrap } from "../api.ts";
import type { FlowState } from "./flow-state.ts";

const REVERTED = "The transaction was mined, but the contract refused it: only the network fee was spent. Try again.";
const REPLACED = "Your wallet replaced this transaction by another one. What the other one did is listed below.";
const CREDIT_PAGE = 50;

/** What is asked of a node. */
export type ChainReader = Pick<PublicClient, "getTransaction" | "getTransactionCount" | "getTransactionReceipt">;

/** Asks whoever knows what became of a pending flow; returns the same object while there is nothing new. */
export async function advance(state: FlowState, chain: ChainReader): Promise<FlowState> {
  if (state.stage === "confirmed") return findCredit(state);
  return state.relayId ? askOutbox(state, state.relayId) : askChain(state, chain);
}

/** The API may replace its transaction by one with a higher fee: its answer counts, not the first hash. */
async function askOutbox(state: FlowState, id: string): Promise<FlowState> {
  const transaction = await unwrap(api.GET("/api/transactions/{id}", { params: { path: { id } } }));
  if (transaction.state === "failed") {
    return { ...state, stage: "failed", error: transaction.error ?? "The relayed transaction failed. Try again." };
  }
  const mined = transaction.state === "mined" || transaction.state === "final";
  if (!mined && transaction.hash === state.hash) return state;
  return { ...state, hash: transaction.hash as Hex | null, stage: mined ? "confirmed" : "submitted" };
}

async function askChain(state: FlowState, chain: ChainReader): Promise<FlowState> {
  const { hash, sender, nonce } = state;
  if (!hash || !sender) return state;
  const outcome = await askReceipt(state, hash, chain);
  if (outcome) return outcome;
  if (nonce === null) {
    const transaction = await unlessMissing(chain.getTransaction({ hash }));
    return transaction ? { ...state, nonce: transaction.nonce } : state;
  }
  const used = await chain.getTransactionCount({ address: sender });
  if (used <= nonce) return state;
  // Its nonce is used up: by itself, a moment ago, or by another transaction.
  return (await askReceipt(state, hash, chain)) ?? { ...state, stage: "failed", error: REPLACED };
}

async function askReceipt(state: FlowState, hash: Hex, chain: ChainReader): Promise<FlowState | null> {
  const receipt = await unlessMissing(chain.getTransactionReceipt({ hash }));
  if (!receipt) return null;
  return receipt.status === "success"
    ? { ...state, stage: state.booksCredit ? "confirmed" : "done" }
    : { ...state, stage: "failed", error: REVERTED };
}

async function findCredit(state: FlowState): Promise<FlowState> {
  const { deposits } = await unwrap(api.GET("/api/deposits", { params: { query: { limit: CREDIT_PAGE } } }));
  const found = deposits.find((deposit) => sameHash(deposit.transactionHash, state.hash));
  return found ? { ...state, stage: "credited" } : state;
}

const sameHash = (one: string, other: Hex | null): boolean => one.toLowerCase() === other?.toLowerCase();

async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError || error instanceof TransactionNotFoundError) return null;
    throw error;
  }
}
