import type { NanoUsd } from "@infr/money";
import type { Dispatcher } from "undici";
import { OverloadedError } from "../errors.ts";
import { captureHold } from "../flow/capture/capture-hold.ts";
import { InsufficientBalanceError, LimitReachedError } from "../flow/hold/place-hold.ts";
import { randomHex, timeOfId } from "../ids.ts";
import type { Batcher } from "../ledger/commit/batcher.ts";
import { costOfTokens } from "../metering/cost.ts";
import { familyOf } from "../metering/families.ts";
import type { Offer } from "../metering/offer.ts";
import type { PriceBook } from "../metering/price-book.ts";
import type { TokenCounter } from "../metering/token-counter.ts";
import type { BurnRates } from "./burn-rates.ts";
import { callNode, NodeFailedError, type NodeResponse } from "./call-node.ts";
import { type Caller, checkModel } from "./caller.ts";
import { chooseNodes, expectedWorkload } from "./choose-nodes.ts";
import { type Candidate, holdFor } from "./hold-for.ts";
import type { NodeCall, NodeHealth } from "./node-health.ts";
import { billOrRelease, releaseSurely } from "./open-hold.ts";
import type { OpenRuns } from "./open-runs.ts";
import type { Preferences } from "./preferences.ts";
import type { InferenceRequest } from "./request.ts";
import { type ResponseUsage, responseUsage } from "./response-usage.ts";
import { type Answered, billedUsage } from "./usage.ts";

/** What inference works with; opened by the server. */
export type Inference = {
  batcher: Batcher;
  priceBook: PriceBook;
  agent: Dispatcher;
  health: NodeHealth;
  counter: TokenCounter;
  runs: OpenRuns;
  burnRates: BurnRates;
};

/** A request with money set aside and a node that has begun to answer. `bill` or `release` has to be called. */
export type Run = {
  requestId: string;
  request: InferenceRequest;
  offer: Offer;
  response: NodeResponse;
  /** What the node's health learns from this request. */
  nodeCall: NodeCall;
  /** Completion tokens of each choice that the node was asked for. */
  maxTokens: number;
  /** True when that is less than what the client asked for, or than the node's own limit if it did not say. */
  lowered: boolean;
  /** What the account could spend before this request; null when the ledger was asked twice. */
  spendable: NanoUsd | null;
  /** Aborted when the client leaves or the server stops. */
  leaving: AbortController;
  /** Bills what was answered, or else releases the hold. @throws InfrError when it could not be billed */
  bill: (answered: Answered, status: "ok" | "aborted" | "error") => Promise<Billed>;
  release: () => Promise<void>;
};

/** A bill that is durable. */
export type Billed = {
  usage: ResponseUsage;
  /** What the account can spend after it. */
  spendable: NanoUsd | null;
};

const REFUSALS = [InsufficientBalanceError, LimitReachedError, OverloadedError];

type Asked = {
  requestId: string;
  caller: Caller;
  request: InferenceRequest;
  preferences: Preferences;
  leaving: AbortController;
};

/**
 * Sets the worst case aside, then asks the nodes that sell the model, one after the other, until one answers. If none
 * does, or the client goes away first, the hold is released: nothing was served.
 */
export async function startRun(inference: Inference, asked: Asked): Promise<Run> {
  const { batcher, priceBook, runs, health } = inference;
  const { requestId, caller, request, preferences, leaving } = asked;
  const startedAt = performance.now();
  checkModel(caller, request.model);
  const sold = await priceBook.forBuyer(await priceBook.offersOf(request.model), caller.accountId);
  const offers = chooseNodes(sold, {
    accountId: caller.accountId,
    workload: expectedWorkload(request),
    preferences,
    healthOf: ({ nodeId }) => health.of(nodeId),
  });
  inference.counter.warm(familyOf(request.model));
  leaving.signal.throwIfAborted();
  const hold = { requestId, accountId: caller.accountId };
  runs.begin(requestId, leaving);
  const release = async () => {
    await releaseSurely(batcher, hold);
    runs.end(requestId);
  };
  try {
    const candidates = await holdFor(batcher, { caller, request, requestId, offers });
    const answer = await firstAnswer(inference, { request, candidates, signal: leaving.signal });
    const bill = biller(inference, { caller, request, requestId, startedAt, answer });
    const end = () => {
      answer.nodeCall.left();
      runs.end(requestId);
    };
    return {
      ...answer,
      requestId,
      request,
      leaving,
      release: () => {
        if (!leaving.signal.aborted) answer.nodeCall.failed();
        return release().finally(end);
      },
      bill: (answered, status) => billOrRelease(batcher, hold, () => bill(answered, status)).finally(end),
    };
  } catch (error) {
    // A refused hold left nothing to release; one whose answer was lost may have.
    if (REFUSALS.some((refusal) => error instanceof refusal)) runs.end(requestId);
    else await release();
    throw error;
  }
}

type Answer = Candidate & { response: NodeResponse; nodeCall: NodeCall };
type ToBill = { caller: Caller; request: InferenceRequest; requestId: string; startedAt: number; answer: Answer };

function biller(
  { batcher, counter, health }: Inference,
  { caller, request, requestId, startedAt, answer: { offer, maxTokens, nodeCall } }: ToBill,
): Run["bill"] {
  return async (answered, status) => {
    const total = maxTokens * request.choices;
    const { tokens, source, recount, isOverrun } = await billedUsage(counter, {
      ...answered,
      request,
      maxTokens: total,
    });
    if (status === "ok") nodeCall.succeeded(tokens.completion + tokens.reasoning);
    else if (status === "error") nodeCall.failed();
    if (recount) health.noteRecount(offer.nodeId, recount);
    if (isOverrun) health.noteOverrun(offer.nodeId);
    const cost = costOfTokens(tokens, offer.prices);
    const spendable = await captureHold(batcher, {
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
      reportedTokens: recount?.reported ?? null,
      receiptSalt: randomHex(32),
    });
    return { usage: responseUsage(tokens, cost), spendable };
  };
}

type Trial = { request: InferenceRequest; candidates: Candidate[]; signal: AbortSignal };

/** Asks one node after the other. Those that keep failing are passed over, unless there is no other. */
async function firstAnswer(inference: Inference, { candidates, ...trial }: Trial): Promise<Answer> {
  const [best] = candidates;
  let failure: unknown = null;
  for (const candidate of candidates) {
    if (!inference.health.admit(candidate.offer.nodeId)) continue;
    try {
      return await ask(inference, { ...trial, candidate });
    } catch (error) {
      if (!(error instanceof NodeFailedError) || trial.signal.aborted) throw error;
      failure = error;
    }
  }
  if (failure === null && best) return ask(inference, { ...trial, candidate: best });
  throw failure;
}

async function ask(
  { agent, health }: Inference,
  { request, candidate, signal }: Omit<Trial, "candidates"> & { candidate: Candidate },
): Promise<Answer> {
  const { api, body, limitField } = request;
  const limit = limitField === null ? {} : { [limitField]: candidate.maxTokens };
  const nodeCall = health.begin(candidate.offer.nodeId);
  try {
    const call = { agent, url: candidate.offer.url, path: api.path, body: { ...body, ...limit }, signal };
    return { ...candidate, nodeCall, response: await callNode(call) };
  } catch (error) {
    if (error instanceof NodeFailedError && !signal.aborted) nodeCall.failed();
    else nodeCall.left();
    throw error;
  }
}
