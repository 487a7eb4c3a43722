import { InfrError } from "../errors.ts";
import type { Offer } from "../metering/offer.ts";
import type { Health } from "./node-health.ts";
import { NO_PREFERENCES, type Preferences } from "./preferences.ts";

const MAX_CANDIDATES = 3;
/** What an answer takes when the client does not say. */
const USUAL_COMPLETION_TOKENS = 1_024;
/** `max_tokens` is often set far above what is used: beyond this it says nothing about the cost. */
const MOST_EXPECTED_TOKENS = 4_096;
const BYTES_PER_TOKEN = 4;
const TOKENS_PER_PRICE = 1_000_000n;
/** A node that fails more often than this is asked only after those that do not. */
const UNSTABLE_ERROR_RATE = 0.2;

/** A request, as far as its cost depends on it. */
export type Workload = { promptTokens: number; completionTokens: number };

/** The workload that prices are compared for when there is no request. */
export const USUAL_WORKLOAD: Workload = { promptTokens: 1_000, completionTokens: USUAL_COMPLETION_TOKENS };

/** What a request will probably take, over all its choices. */
export const expectedWorkload = (request: { bodyBytes: number; maxTokens: number | null }): Workload => ({
  promptTokens: Math.ceil(request.bodyBytes / BYTES_PER_TOKEN),
  completionTokens: Math.min(request.maxTokens ?? USUAL_COMPLETION_TOKENS, MOST_EXPECTED_TOKENS),
});

/** Nodes sell the model, but none of them is one that the request allows. */
export class NoNodeAllowedError extends InfrError {
  readonly code = "no_node_allowed";
  readonly status = 404;
  override readonly param: string;

  constructor({ model, rule }: { model: string; rule: string }) {
    super(`No node that sells ${model.slice(0, 128)} meets ${rule}. Relax it, or leave it out.`);
    this.param = rule;
  }
}

/** Nobody sells the model but the one who asks for it, and he did not name his node. */
export class OwnNodeError extends InfrError {
  readonly code = "own_node";
  readonly status = 404;
  override readonly param = "provider.only";

  constructor(model: string) {
    super(
      `Only your own node sells ${model.slice(0, 128)}. Name it in provider.only to use it: it is paid for with credit that you paid in.`,
    );
  }
}

/** What nodes are chosen by. Nothing else: the same always gives the same. */
export type Choice = {
  /** Who asks; null where nobody does. */
  accountId: string | null;
  workload: Workload;
  preferences: Preferences;
  healthOf: (offer: Offer) => Health;
};

/**
 * The nodes to try for a request, best first: of those that the request allows, first the ones it names in `order`, then
 * what it sorts by, else what the whole request will cost there, then the oldest node. An offer that cuts answers off
 * before a usual length comes after all that do not, however cheap it is; a node that keeps failing comes last, but is
 * tried when there is no other.
 * @throws NoNodeAllowedError naming the first preference that leaves none
 */
export function chooseNodes(offers: Offer[], choice: Choice): Offer[] {
  const { order, allowFallbacks } = choice.preferences;
  const ranked = allowed(othersOrNamed(offers, choice), choice.preferences)
    .map((offer) => ({ offer, rank: rankOf(offer, choice) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ offer }) => offer);
  const isOwn = ranked[0]?.operatorId === choice.accountId;
  const alike = ranked.filter(({ operatorId }) => (operatorId === choice.accountId) === isOwn);
  return alike.slice(0, allowFallbacks || order.length > 0 ? MAX_CANDIDATES : 1);
}

/** The cheapest offer for a usual request: what price lists show. */
export function cheapestOffer(offers: Offer[]): Offer | undefined {
  return chooseNodes(offers, {
    workload: USUAL_WORKLOAD,
    accountId: null,
    preferences: NO_PREFERENCES,
    healthOf: () => UNKNOWN_HEALTH,
  })[0];
}

const UNKNOWN_HEALTH: Health = {
  isOpen: false,
  isPassable: true,
  errorRate: 0,
  latencyMs: null,
  firstTokenMs: null,
  tokensPerSecond: null,
  inFlight: 0,
};

/**
 * One's own node is for those who name it: credit that the platform gave may not come back as earnings, so whatever is
 * asked of it is paid from the account's own credit, which nobody should meet unawares.
 */
function othersOrNamed(offers: Offer[], { accountId, preferences: { only, order } }: Choice): Offer[] {
  const kept = offers.filter(
    (offer) => offer.operatorId !== accountId || matches(offer, only ?? []) || matches(offer, order),
  );
  if (kept.length === 0) throw new OwnNodeError(offers[0]?.model ?? "");
  return kept;
}

const matches = (offer: Offer, names: string[]): boolean => placeIn(names, offer) >= 0;

const placeIn = (names: string[], { nodeId, nodeName, operatorId }: Offer): number =>
  names.findIndex((name) => [nodeId, nodeName, operatorId].some((known) => known.toLowerCase() === name));

/** What is out of the question, one preference after the other. */
function allowed(offers: Offer[], preferences: Preferences): Offer[] {
  const { only, ignore, order, allowFallbacks, required } = preferences;
  const rules: Array<[rule: string, isMet: (offer: Offer) => boolean]> = [
    ["provider.only", (offer) => only === null || matches(offer, only)],
    ["provider.ignore", (offer) => !matches(offer, ignore)],
    ["provider.order", (offer) => allowFallbacks || order.length === 0 || matches(offer, order)],
    ["provider.max_price", (offer) => isAffordable(offer, preferences)],
    [
      "provider.require_parameters",
      ({ supportedParameters }) => required.every((name) => supportedParameters?.includes(name)),
    ],
  ];
  return rules.reduce((left, [rule, isMet]) => {
    const kept = left.filter(isMet);
    if (kept.length === 0) throw new NoNodeAllowedError({ model: offers[0]?.model ?? "", rule });
    return kept;
  }, offers);
}

/** By its dearer classes: no token of a prompt costs more than the limit, cached or not. */
function isAffordable({ prices }: Offer, { maxPrompt, maxCompletion }: Preferences): boolean {
  const fits = (price: bigint, most: bigint | null) => most === null || price * TOKENS_PER_PRICE <= most;
  return (
    fits(prices.prompt, maxPrompt) &&
    fits(prices.cached, maxPrompt) &&
    fits(prices.completion, maxCompletion) &&
    fits(prices.reasoning, maxCompletion)
  );
}

/** What offers are compared by, the weightiest first; less is better. */
function rankOf(offer: Offer, { workload, preferences, healthOf }: Choice): Array<number | bigint> {
  const health = healthOf(offer);
  const place = placeIn(preferences.order, offer);
  const cost = expectedCost(offer, workload);
  return [
    Number(!health.isPassable || !offer.isLive),
    place < 0 ? preferences.order.length : place,
    Number(isTooShort(offer, workload)),
    Number(health.errorRate > UNSTABLE_ERROR_RATE),
    Number(isSlow(offer, health, preferences)),
    preferences.sort === "latency" ? (latencyOf(offer, health) ?? Number.MAX_VALUE) : 0,
    preferences.sort === "throughput" ? -(health.tokensPerSecond ?? 0) : 0,
    cost,
    offer.createdAt.getTime(),
  ];
}

function compareRanks(a: Array<number | bigint>, b: Array<number | bigint>): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

/** Until there is a first answer: by this process's traffic, else by what the platform saw when it asked last. */
const latencyOf = ({ canaryMs }: Offer, { firstTokenMs, latencyMs }: Health): number | null =>
  firstTokenMs ?? latencyMs ?? canaryMs;

/** What is not known is not held against a node. */
function isSlow(offer: Offer, health: Health, preferences: Preferences): boolean {
  const { preferredMaxLatencyMs, preferredMinThroughput } = preferences;
  const latencyMs = latencyOf(offer, health) ?? 0;
  const throughput = health.tokensPerSecond ?? Number.POSITIVE_INFINITY;
  return latencyMs > (preferredMaxLatencyMs ?? Number.POSITIVE_INFINITY) || throughput < (preferredMinThroughput ?? 0);
}

const isTooShort = ({ maxCompletionTokens }: Offer, { completionTokens }: Workload): boolean =>
  maxCompletionTokens < Math.min(completionTokens, USUAL_COMPLETION_TOKENS);

const expectedCost = ({ prices }: Offer, { promptTokens, completionTokens }: Workload): bigint =>
  BigInt(promptTokens) * prices.prompt + BigInt(completionTokens) * prices.completion;
