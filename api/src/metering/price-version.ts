import { keccak256, toHex } from "viem";
import type { Prices } from "./cost.ts";

/**
 * The hash that names a set of prices: keccak256 of its canonical text. A receipt carries it, so that nobody can say
 * later that another price was in force.
 */
export function priceVersionOf({
  nodeId,
  model,
  prices,
}: {
  nodeId: string;
  model: string;
  prices: Prices;
}): `0x${string}` {
  return keccak256(
    toHex(
      JSON.stringify({
        node: nodeId,
        model,
        unit: "nano-USD per token",
        prompt: prices.prompt.toString(),
        cached: prices.cached.toString(),
        completion: prices.completion.toString(),
        reasoning: prices.reasoning.toString(),
      }),
    ),
  );
}
