import { costOf, type NanoUsd, nanoUsd } from "@infr/money";
import { type ConcretePrices, priceText, priceVersionOf, type Receipt } from "@infr/protocol";
import type { Hex } from "viem";
import { MalformedFileError } from "./errors.ts";
import { object, oneOf, type Read, text } from "./read.ts";

const INTEGER = /^(0|[1-9]\d{0,18})$/;

/** What was metered of a request, by class. */
export type Metered = Pick<
  Receipt,
  "model" | "promptTokens" | "cachedTokens" | "completionTokens" | "reasoningTokens" | "units"
>;

/** Sets of prices by their version, the hash of their text: nobody can put other prices under it. */
export type PriceList = ReadonlyMap<Hex, ConcretePrices>;

const nano: Read<NanoUsd> = (value, place) => {
  if (typeof value !== "string" || !INTEGER.test(value)) throw new MalformedFileError(place, "a price in nano-dollars");
  return nanoUsd(BigInt(value));
};

const readPriceFields = object({
  currency: oneOf(["nano-USD"]),
  node: text,
  kind: oneOf(["model", "resource"]),
  product: text,
  prompt: nano,
  cached: nano,
  completion: nano,
  reasoning: nano,
  unit: text,
  perUnit: nano,
});

/** Concrete prices from their canonical text. */
export const readPrices: Read<ConcretePrices> = (value, place) => {
  const { currency: _, ...prices } = readPriceFields(parse(text(value, place), place), place);
  if (priceText(prices) !== value) throw new MalformedFileError(place, "the canonical text of a set of prices");
  return prices;
};

/** The price list of a file. A text that no line names is refused: it would be there unchecked. */
export function listPrices(prices: readonly ConcretePrices[], used: Iterable<Hex>): PriceList {
  const listed = new Map(prices.map((each) => [priceVersionOf(each), each]));
  const names = new Set(used);
  const unused = [...listed.keys()].find((version) => !names.has(version));
  if (unused !== undefined || listed.size !== prices.length) {
    throw new MalformedFileError("prices", "a list of what the receipts name, each once");
  }
  return listed;
}

/** What was metered at these prices, to the last nano-dollar; null if they are another product's. */
export function reprice(metered: Metered, prices: ConcretePrices): NanoUsd | null {
  if (prices.product !== metered.model) return null;
  const parts: Array<[units: number, nanoPerUnit: NanoUsd]> = [
    [metered.promptTokens, prices.prompt],
    [metered.cachedTokens, prices.cached],
    [metered.completionTokens, prices.completion],
    [metered.reasoningTokens, prices.reasoning],
    [metered.units, prices.perUnit],
  ];
  return nanoUsd(parts.reduce((sum, [units, nanoPerUnit]) => sum + costOf({ units, nanoPerUnit }), 0n));
}

function parse(json: string, place: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new MalformedFileError(place, "JSON");
  }
}
