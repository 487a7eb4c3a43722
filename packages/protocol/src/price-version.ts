import type { NanoUsd } from "@infr/money";
import { type Hex, keccak256, stringToHex } from "viem";

/**
 * A set of prices as it was in force: concrete integers in nano-dollars, no rules. Whatever a node's prices follow
 * (tier, hardware, hour, demand), what was charged is named by the concrete set that came of it.
 */
export interface ConcretePrices {
  /** `node_…` */
  node: string;
  /** A model is sold by token, a resource by its unit. */
  kind: "model" | "resource";
  /** Id of the model or the resource, as in the receipt. */
  product: string;
  /** Nano-dollars per token of each class; classes are disjoint. 0 for a resource. */
  prompt: NanoUsd;
  cached: NanoUsd;
  completion: NanoUsd;
  reasoning: NanoUsd;
  /** What a resource is counted in (`gpu-second`, `image`, …); empty for a model. */
  unit: string;
  /** Nano-dollars per unit of a resource; 0 for a model. */
  perUnit: NanoUsd;
}

/**
 * The canonical text of a set of prices: JSON without white space, keys in this order, prices as decimal integers in
 * strings, non-ASCII characters as they are (RFC 8259, ECMAScript's `JSON.stringify`).
 */
export const priceText = (prices: ConcretePrices): string =>
  JSON.stringify({
    currency: "nano-USD",
    node: prices.node,
    kind: prices.kind,
    product: prices.product,
    prompt: prices.prompt.toString(),
    cached: prices.cached.toString(),
    completion: prices.completion.toString(),
    reasoning: prices.reasoning.toString(),
    unit: prices.unit,
    perUnit: prices.perUnit.toString(),
  });

/**
 * The name of a set of prices: keccak256 of the UTF-8 bytes of its canonical text. A receipt carries it, so that nobody
 * can say later that other prices were in force: cost = Σ tokens of a class · its price + units · `perUnit`.
 */
export const priceVersionOf = (prices: ConcretePrices): Hex => keccak256(stringToHex(priceText(prices)));
