import { parseUsd } from "@infr/money";
import type { Model } from "../../lib/models.ts";

const priceOf = ({ pricing }: Model): bigint => parseUsd(pricing.prompt) + parseUsd(pricing.completion);

/** The models at the lowest prices of prompt and completion together; of two at one price, by name. */
export const cheapest = (models: Model[], count: number): Model[] =>
  models
    .toSorted((a, b) => {
      const [first, second] = [priceOf(a), priceOf(b)];
      if (first === second) return a.id < b.id ? -1 : 1;
      return first < second ? -1 : 1;
    })
    .slice(0, count);
