import { randomBytes } from "node:crypto";
import type { Dispatcher } from "undici";
import { OverloadedError } from "../errors.ts";
import { captureHold } from "../flow/capture/capture-hold.ts";
import { InsufficientBalanceError, LimitReachedError } from "../flow/hold/place-hold.ts";
import { newId, timeOfId } from "../ids.ts";
import type { Batcher } from "../ledger/commit/batcher.ts";
import { costOfTokens } from "../metering/cost.ts";
import type { Offer } from "../metering/offer.ts";
import type { PriceBook } from "../metering/price-book.ts";
import { callNode, NodeFailedError, type NodeResponse } from "./call-node.ts";
import type { ChatRequest } from "./chat-request.ts";
import { chooseNodes, expectedWorkload } from "./choose-nodes.ts";
import { type Caller, type Candidate, holdFor } from "./hold-for.ts";
import { openChatsOf } from "./open-chats.ts";
import { billOrRelease, releaseSurely } from "./open-hold.ts";
import { responseUsage } from "./response-usage.ts";
import { type Answered, billedUsage } from "./usage.ts";

/** What inference works with; opened by the server. */
export type Inference = { batcher: Batcher; priceBook: PriceBook; agent: Dispatcher };

/** A request with money set aside and a node that has begun to answer. `bill` or `release` has to be called. */
export type RunningChat = {
  requestId: string;
  request: ChatRequest;
  offer: Offer;
  response: NodeResponse;
  /** Completion tokens of each choice that the node was asked for. */
  maxTokens: number;
  /** True when that is less than what the client asked for, or than the node's own limit if it did not say. */
  lowered: boolean;
  /** Aborts when the client leaves or the server stops. */
  signal: AbortSignal;
  /** Bills what was answered, or else releases the hold. @throws InfrError when it could not be billed */
  bill: (answered: Answered, status: "ok" | "aborted" | "error") => Promise<ReturnType<typeof responseUsage>>;
  release: () => Promise<void>;
};

const REFUSALS = [InsufficientBalanceError, LimitReachedError, OverloadedError];

type Asked = { caller: Caller; request: ChatRequest; signal: AbortSignal };

/**
 * Sets the worst case aside, then asks the nodes that sell the model, one after the other, until one answers. If none
 * does, or the client goes away first, the hold is released: nothing was served.
 */
export async function startChat(inference: Inference, asked: Asked): Promise<RunningChat> {
  const { batcher, priceBook } = inference;
  const chats = openChatsOf(batcher);
  const { caller, request } = asked;
  const startedAt = performance.now();
  const signal = chats.signal(asked.signal);
  const offers = chooseNodes(await priceBook.offersOf(request.model), expectedWorkload(request));
  signal.throwIfAborted();
  const requestId = newId("req");
  const hold = { requestId, accountId: caller.accountId };
  chats.begin(requestId);
  const release = async () => {
    await releaseSurely(batcher, hold);
    chats.end(requestId);
  };
  try {
    const candidates = await holdFor(batcher, { caller, request, requestId, offers });
    const answer = await firstAnswer(inference, { request, candidates, signal });
    const bill = biller(inference, { caller, request, requestId, startedAt, candidate: answer });
    return {
      ...answer,
      requestId,
      request,
      signal,
      release,
      bill: (answered, status) =>
        billOrRelease(batcher, hold, () => bill(answered, status)).finally(() => chats.end(requestId)),
    };
  } catch (error) {
    // A refused hold left nothing to release; one whose answer was lost may have.
    if (REFUSALS.some((refusal) => error instanceof refusal)) chats.end(requestId);
    else await release();
    throw error;
  }
}

type Billed = { caller: Caller; request: ChatRequest; requestId: string; startedAt: number; candidate: Candidate };

function biller(
  { batcher }: Inference,
  { caller, request, requestId, startedAt, candidate: { offer, maxTokens } }: Billed,
): RunningChat["bill"] {
  return async (answered, status) => {
    const total = maxTokens * request.choices;
    const { tokens, source } = await billedUsage({ ...answered, request, maxTokens: total });
    const cost = costOfTokens(tokens, offer.prices);
    await captureHold(batcher, {
      requestId,
      accountId: caller.accountId,
      startedAt: timeOfId(requestId),
      keyId: caller.keyId,
      userId: caller.userId,
      model: request.model,
      nodeId: offer.nodeId,
      operatorId: offer.operatorId,
      priceVersion: offer.priceVersion,
      tokens,
      cost,
      latencyMs: Math.round(performance.now() - startedAt),
      status,
      usageSource: source,
      receiptSalt: randomBytes(32).toString("hex"),
    });
    return responseUsage(tokens, cost);
  };
}

async function firstAnswer(
  { agent }: Inference,
  { request, candidates, signal }: { request: ChatRequest; candidates: Candidate[]; signal: AbortSignal },
): Promise<Candidate & { response: NodeResponse }> {
  const { max_completion_tokens: _, max_tokens: __, ...rest } = request.body;
  const limit = request.body["max_completion_tokens"] == null ? "max_tokens" : "max_completion_tokens";
  let failure: unknown;
  for (const candidate of candidates) {
    const body = {
      ...rest,
      [limit]: candidate.maxTokens,
      ...(request.stream ? { stream_options: { include_usage: true } } : {}),
    };
    try {
      return { ...candidate, response: await callNode({ agent, url: candidate.offer.url, body, signal }) };
    } catch (error) {
      if (!(error instanceof NodeFailedError) || signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}
