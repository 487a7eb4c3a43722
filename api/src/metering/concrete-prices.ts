import { type NanoUsd, nanoUsd, parseUsd } from "@infr/money";
import type { ConcretePrices } from "@infr/protocol";
import { demandPercent, percentAt } from "./percents.ts";
import { type Tier, tierOf } from "./tiers.ts";

/** Bounds that the platform sets to every price, in nano-dollars. */
export type PriceRules = {
  /** Per token, of any class. */
  maxPerToken: NanoUsd;
  /** Where a model's size is known: how many times its tier's price an operator may ask. */
  tierMultiple: number;
  /** Per unit of a resource. */
  maxPerUnit: NanoUsd;
};

export const TOKENS_PER_PRICE = 1_000_000n;

/** The rules as the environment has them. */
export const readPriceRules = (config: {
  maxPricePerMillionUsd: string;
  maxPriceTierMultiple: number;
  maxUnitPriceUsd: string;
}): PriceRules => ({
  maxPerToken: nanoUsd(parseUsd(config.maxPricePerMillionUsd) / TOKENS_PER_PRICE),
  tierMultiple: config.maxPriceTierMultiple,
  maxPerUnit: parseUsd(config.maxUnitPriceUsd),
});

/** What the prices of an offer follow from. */
export type PriceSource = {
  nodeId: string;
  kind: "model" | "resource";
  product: string;
  /** Null where nobody knows. */
  parametersMillions: number | null;
  /** What its operator asks, before time and demand; null: not set. */
  asked: { prompt: bigint | null; cached: bigint | null; completion: bigint | null; reasoning: bigint | null };
  unit: string;
  perUnit: bigint | null;
  /** Of the platform's default prices, by the node's hardware. */
  hardwarePercent: number;
  schedule: number[] | null;
  capacity: number | null;
  demandPercent: number;
  /** From so much used in a month, so many percent of the price; the lowest step first. */
  volume: VolumeStep[];
};

/** A step of the volume prices, in nano-dollars a month. */
export type VolumeStep = { from: NanoUsd; percent: number };

/** What prices depend on besides the offer; the same for every buyer. */
export type Moment = { at: Date; load: number };

/** The highest price of each class that an operator may ask. */
export function priceCaps(parametersMillions: number | null, rules: PriceRules): Pick<Tier, "prompt" | "completion"> {
  if (parametersMillions === null) return { prompt: rules.maxPerToken, completion: rules.maxPerToken };
  const { prompt, completion } = tierOf(parametersMillions);
  const cap = (price: bigint) => least(rules.maxPerToken, price * BigInt(rules.tierMultiple));
  return { prompt: cap(prompt), completion: cap(completion) };
}

/**
 * The prices of an offer at a moment: the operator's, or the tier's by the node's hardware, times the hour's percent,
 * times demand's, times that of a volume; rounded up to whole nano-dollars once, and never above the platform's bounds.
 * Null where there is no price: then it is not for sale.
 */
export function concretePrices(
  source: PriceSource,
  rules: PriceRules,
  { at, load }: Moment,
  volumePercent = 100,
): ConcretePrices | null {
  const { nodeId: node, kind, product, unit, capacity } = source;
  const demand = demandPercent({ load, capacity, most: source.demandPercent });
  const percents = [percentAt(source.schedule, at), demand, volumePercent];
  const none = nanoUsd(0n);
  if (kind === "resource") {
    if (source.perUnit === null) return null;
    const perUnit = least(rules.maxPerUnit, scaled(source.perUnit, percents));
    return { node, kind, product, prompt: none, cached: none, completion: none, reasoning: none, unit, perUnit };
  }
  const base = basePrices(source);
  if (base === null) return null;
  const caps = priceCaps(source.parametersMillions, rules);
  const price = (amount: bigint, cap: NanoUsd) => least(cap, scaled(amount, [...percents, base.percent]));
  return {
    node,
    kind,
    product,
    prompt: price(base.prompt, caps.prompt),
    cached: price(base.cached, caps.prompt),
    completion: price(base.completion, caps.completion),
    reasoning: price(base.reasoning, caps.completion),
    unit: "",
    perUnit: none,
  };
}

/** Whoever sets prices has set them for his hardware; the platform's prices need its percent. */
function basePrices({ asked, parametersMillions, hardwarePercent }: PriceSource) {
  const tier = parametersMillions === null ? null : tierOf(parametersMillions);
  const prompt = asked.prompt ?? tier?.prompt;
  const completion = asked.completion ?? tier?.completion;
  if (prompt === undefined || completion === undefined) return null;
  const percent = asked.prompt === null ? hardwarePercent : 100;
  return { prompt, cached: asked.cached ?? prompt, completion, reasoning: asked.reasoning ?? completion, percent };
}

/** Multiplied first and rounded once, up: a price is never a rounded price of another. */
function scaled(amount: bigint, percents: number[]): bigint {
  const whole = 100n ** BigInt(percents.length);
  const product = percents.reduce((value, percent) => value * BigInt(percent), amount);
  return (product + whole - 1n) / whole;
}

const least = (cap: bigint, price: bigint): NanoUsd => nanoUsd(price < cap ? price : cap);
