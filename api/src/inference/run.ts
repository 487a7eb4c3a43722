import { randomBytes } from "node:crypto";
import type { Dispatcher } from "undici";
import { OverloadedError } from "../errors.ts";
import { captureHold } from "../flow/capture/capture-hold.ts";
import { InsufficientBalanceError, LimitReachedError } from "../flow/hold/place-hold.ts";
import { timeOfId } from "../ids.ts";
import type { Batcher } from "../ledger/commit/batcher.ts";
import { costOfTokens } from "../metering/cost.ts";
import type { Offer } from "../metering/offer.ts";
import type { PriceBook } from "../metering/price-book.ts";
import type { TokenCounter } from "../metering/token-counter.ts";
import { callNode, NodeFailedError, type NodeResponse } from "./call-node.ts";
import { type Caller, checkModel } from "./caller.ts";
import { chooseNodes, expectedWorkload } from "./choose-nodes.ts";
import { type Candidate, holdFor } from "./hold-for.ts";
import { billOrRelease, releaseSurely } from "./open-hold.ts";
import type { OpenRuns } from "./open-runs.ts";
import type { InferenceRequest } from "./request.ts";
import { type ResponseUsage, responseUsage } from "./response-usage.ts";
import { type Answered, billedUsage } from "./usage.ts";

/** What inference works with; opened by the server. */
export type Inference = {
  batcher: Batcher;
  priceBook: PriceBook;
  agent: Dispatcher;
  counter: TokenCounter;
  runs: OpenRuns;
};

/** A request with money set aside and a node that has begun to answer. `bill` or `release` has to be called. */
export type Run = {
  requestId: string;
  request: InferenceRequest;
  offer: Offer;
  response: NodeResponse;
  /** Completion tokens of each choice that the node was asked for. */
  maxTokens: number;
  /** True when that is less than what the client asked for, or than the node's own limit if it did not say. */
  lowered: boolean;
  /** Aborts when the client leaves or the server stops. */
  signal: AbortSignal;
  /** Bills what was answered, or else releases the hold. @throws InfrError when it could not be billed */
  bill: (answered: Answered, status: "ok" | "aborted" | "error") => Promise<ResponseUsage>;
  release: () => Promise<void>;
};

const REFUSALS = [InsufficientBalanceError, LimitReachedError, OverloadedError];

type Asked = { requestId: string; caller: Caller; request: InferenceRequest; signal: AbortSignal };

/**
 * Sets the worst case aside, then asks the nodes that sell the model, one after the other, until one answers. If none
 * does, or the client goes away first, the hold is released: nothing was served.
 */
export async function startRun(inference: Inference, asked: Asked): Promise<Run> {
  const { batcher, priceBook, runs } = inference;
  const { requestId, caller, request } = asked;
  const startedAt = performance.now();
  checkModel(caller, request.model);
  const signal = runs.signal(asked.signal);
  const offers = chooseNodes(await priceBook.offersOf(request.model), expectedWorkload(request));
  signal.throwIfAborted();
  const hold = { requestId, accountId: caller.accountId };
  runs.begin(requestId);
  const release = async () => {
    await releaseSurely(batcher, hold);
    runs.end(requestId);
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
        billOrRelease(batcher, hold, () => bill(answered, status)).finally(() => runs.end(requestId)),
    };
  } catch (error) {
    // A refused hold left nothing to release; one whose answer was lost may have.
    if (REFUSALS.some((refusal) => error instanceof refusal)) runs.end(requestId);
    else await release();
    throw error;
  }
}

type Billed = { caller: Caller; request: InferenceRequest; requestId: string; startedAt: number; candidate: Candidate };

function biller(
  { batcher, counter }: Inference,
  { caller, request, requestId, startedAt, candidate: { offer, maxTokens } }: Billed,
): Run["bill"] {
  return async (answered, status) => {
    const total = maxTokens * request.choices;
    const { tokens, source } = await billedUsage(counter, { ...answered, request, maxTokens: total });
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
  { request, candidates, signal }: { request: InferenceRequest; candidates: Candidate[]; signal: AbortSignal },
): Promise<Candidate & { response: NodeResponse }> {
  const { api, body, limitField } = request;
  let failure: unknown;
  for (const candidate of candidates) {
    const limit = limitField === null ? {} : { [limitField]: candidate.maxTokens };
    const call = { agent, url: candidate.offer.url, path: api.path, body: { ...body, ...limit }, signal };
    try {
      return { ...candidate, response: await callNode(call) };
    } catch (error) {
      if (!(error instanceof NodeFailedError) || signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}
