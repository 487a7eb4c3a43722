import { type NanoUsd, nanoUsd } from "@infr/money";

/** A class of models by size, with the price of one whose operator sets none, in nano-dollars per token. */
export type Tier = {
  name: "small" | "medium" | "large" | "premium";
  /** In millions of parameters: the tier's models have fewer. */
  below: number;
  prompt: NanoUsd;
  completion: NanoUsd;
};

const tier = (name: Tier["name"], below: number, prompt: bigint, completion: bigint): Tier => ({
  name,
  below,
  prompt: nanoUsd(prompt),
  completion: nanoUsd(completion),
});

/** $0.10/$0.15, $0.30/$0.50, $0.80/$1.20, $2.00/$3.00 per million prompt and completion tokens. */
export const TIERS: readonly Tier[] = [
  tier("small", 13_000, 100n, 150n),
  tier("medium", 70_000, 300n, 500n),
  tier("large", 405_000, 800n, 1_200n),
  tier("premium", Number.POSITIVE_INFINITY, 2_000n, 3_000n),
];

/** The tier of a model with this many millions of parameters. */
export function tierOf(millions: number): Tier {
  const found = TIERS.find(({ below }) => millions < below);
  if (!found) throw new Error(`${millions} is no number of parameters`);
  return found;
}
