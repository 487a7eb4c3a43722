import { randomBytes } from "node:crypto";
import type { NanoUsd } from "@infr/money";
import type { Dispatcher } from "undici";
import { captureHold } from "../flow/capture/capture-hold.ts";
import { placeHold, releaseHold } from "../flow/hold/place-hold.ts";
import { newId, timeOfId } from "../ids.ts";
import type { Batcher } from "../ledger/commit/batcher.ts";
import { completionCovered, costOfTokens, worstCase } from "../metering/cost.ts";
import { promptTokensAtMost } from "../metering/count-tokens.ts";
import type { Offer } from "../metering/offer.ts";
import type { PriceBook } from "../metering/price-book.ts";
import { callNode, NodeFailedError, type NodeResponse } from "./call-node.ts";
import type { ChatRequest } from "./chat-request.ts";
import { chooseNodes } from "./choose-nodes.ts";
import { responseUsage } from "./response-usage.ts";
import type { BilledUsage } from "./usage.ts";

/** What inference works with; opened by the server. */
export type Inference = { batcher: Batcher; priceBook: PriceBook; agent: Dispatcher };

/** Who asks: the key's account, and what its limits are counted under. */
export type Caller = { accountId: string; keyId: string | null; userId: string | null };

/** A request with money set aside and a node that has begun to answer. */
export type RunningChat = {
  requestId: string;
  request: ChatRequest;
  offer: Offer;
  response: NodeResponse;
  /** Completion tokens that the hold covers, over all choices. */
  maxTokens: number;
  /** True when that is less than what the client asked for. */
  lowered: boolean;
  capture: (usage: BilledUsage, status: "ok" | "aborted" | "error") => Promise<ReturnType<typeof responseUsage>>;
  release: () => Promise<void>;
};

/**
 * Sets the worst case aside, then asks the nodes that sell the model, one after the other, until one answers. If none
 * does, or the client goes away first, the hold is released: nothing was served.
 */
export async function startChat(
  inference: Inference,
  { caller, request, signal }: { caller: Caller; request: ChatRequest; signal: AbortSignal },
): Promise<RunningChat> {
  const startedAt = performance.now();
  const offers = chooseNodes(await inference.priceBook.offersOf(request.model));
  const requestId = newId("req");
  const held = await holdFor(inference, { caller, request, requestId, offers });
  const hold = { requestId, accountId: caller.accountId };
  try {
    const { offer, response } = await firstAnswer(inference, { request, offers, signal, maxTokens: held.perChoice });
    return {
      requestId,
      request,
      offer,
      response,
      maxTokens: held.perChoice * request.choices,
      lowered: held.lowered,
      release: () => releaseHold(inference.batcher, hold),
      capture: async ({ tokens, source }, status) => {
        const cost = costOfTokens(tokens, offer.prices);
        await captureHold(inference.batcher, {
          ...hold,
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
      },
    };
  } catch (error) {
    await releaseHold(inference.batcher, hold);
    throw error;
  }
}

/** Holds what the request can cost on the dearest of its candidate nodes, and lowers `max_tokens` to what was granted. */
async function holdFor(
  { batcher }: Inference,
  { caller, request, requestId, offers }: { caller: Caller; request: ChatRequest; requestId: string; offers: Offer[] },
) {
  const promptTokens = promptTokensAtMost(request);
  const asked = Math.min(
    request.maxTokens ?? Number.MAX_SAFE_INTEGER,
    ...offers.map((offer) => offer.maxCompletionTokens),
  );
  const most = (completionTokens: number): NanoUsd =>
    offers
      .map((offer) => worstCase({ promptTokens, completionTokens }, offer.prices))
      .reduce((a, b) => (a > b ? a : b));
  const granted = await placeHold(batcher, {
    requestId,
    accountId: caller.accountId,
    worst: most(asked * request.choices),
    floor: most(request.choices),
    subjects: [`account:${caller.accountId}`, `key:${caller.keyId}`, `member:${caller.userId}`],
  });
  const covered = Math.min(...offers.map((offer) => completionCovered({ hold: granted, promptTokens }, offer.prices)));
  const perChoice = Math.min(asked, Math.floor(covered / request.choices));
  return { perChoice, lowered: perChoice < asked };
}

async function firstAnswer(
  { agent }: Inference,
  {
    request,
    offers,
    signal,
    maxTokens,
  }: { request: ChatRequest; offers: Offer[]; signal: AbortSignal; maxTokens: number },
): Promise<{ offer: Offer; response: NodeResponse }> {
  const { max_completion_tokens: _, max_tokens: __, ...rest } = request.body;
  const body = {
    ...rest,
    [request.body["max_completion_tokens"] == null ? "max_tokens" : "max_completion_tokens"]: maxTokens,
    ...(request.stream ? { stream_options: { include_usage: true } } : {}),
  };
  let failure: unknown;
  for (const offer of offers) {
    try {
      return { offer, response: await callNode({ agent, url: offer.url, body, signal }) };
    } catch (error) {
      if (!(error instanceof NodeFailedError) || signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}
