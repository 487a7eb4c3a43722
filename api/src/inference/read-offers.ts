import { formatUsd, nanoUsd, parseUsd } from "@infr/money";
import { InvalidInputError } from "../errors.ts";
import { type PriceRules, priceCaps, TOKENS_PER_PRICE } from "../metering/concrete-prices.ts";
import { readParameters } from "../metering/parameters.ts";
import type { NewOffer } from "../metering/store.ts";
import { tierOf } from "../metering/tiers.ts";

/** A model that a node offers. Prices in dollars per million tokens; without them, the default price of its size. */
export type OfferedModel = {
  id: string;
  promptPerMillion?: string | undefined;
  cachedPerMillion?: string | undefined;
  completionPerMillion?: string | undefined;
  reasoningPerMillion?: string | undefined;
  /** Its size, such as `70B` or `8x7B`, where its name does not say. */
  parameters?: string | undefined;
  supportedParameters?: string[] | undefined;
  contextLength: number;
  maxCompletionTokens: number;
};

/** Something else that a node sells, in dollars per unit. */
export type OfferedResource = { id: string; unit: string; pricePerUnit: string };

type Offered = Omit<NewOffer, "nodeId" | "path">;

/** Reads what an operator asks for a model, inside the platform's bounds. @throws InvalidInputError */
export function readModel(model: OfferedModel, rules: PriceRules): Offered {
  const parametersMillions = sizeOf(model);
  const asked = askedPrices(model, priceCaps(parametersMillions, rules));
  if (asked.prompt === null && parametersMillions === null) {
    const name = JSON.stringify(model.id);
    throw new InvalidInputError(
      `The size of ${name} is not known: set its prices, or parameters (such as "70B").`,
      "parameters",
    );
  }
  return {
    kind: "model",
    product: model.id,
    parametersMillions,
    supportedParameters: model.supportedParameters ?? null,
    contextTokens: model.contextLength,
    maxCompletionTokens: model.maxCompletionTokens,
    asked,
    unit: "",
    perUnit: null,
  };
}

/** Reads what an operator asks for a resource. @throws InvalidInputError */
export function readResource({ id, unit, pricePerUnit }: OfferedResource, { maxPerUnit }: PriceRules): Offered {
  const perUnit = parseUsd(pricePerUnit);
  if (perUnit < 0n || perUnit > maxPerUnit) {
    throw new InvalidInputError(
      `pricePerUnit has to be between 0 and ${formatUsd(maxPerUnit)} dollars.`,
      "pricePerUnit",
    );
  }
  return {
    kind: "resource",
    product: id,
    parametersMillions: null,
    supportedParameters: null,
    contextTokens: null,
    maxCompletionTokens: null,
    asked: { prompt: null, cached: null, completion: null, reasoning: null },
    unit,
    perUnit,
  };
}

/** What the operator says, where the name does not belie it: a greater size allows a higher price. */
function sizeOf({ id, parameters }: OfferedModel): number | null {
  const named = readParameters(id);
  if (parameters === undefined) return named;
  const said = readParameters(parameters);
  if (said === null) {
    throw new InvalidInputError('parameters has to be a size such as "70B", "8x7B" or "350M".', "parameters");
  }
  if (named !== null && tierOf(said).below > tierOf(named).below) {
    throw new InvalidInputError(
      `parameters says ${parameters}, but the name ${JSON.stringify(id)} says less. Correct one of them.`,
      "parameters",
    );
  }
  return said;
}

function askedPrices(model: OfferedModel, caps: ReturnType<typeof priceCaps>): Offered["asked"] {
  const { promptPerMillion, completionPerMillion, cachedPerMillion, reasoningPerMillion } = model;
  const read = (name: keyof OfferedModel, text: string | undefined, cap: bigint) =>
    text === undefined ? null : perToken(text, { name, cap });
  const prompt = read("promptPerMillion", promptPerMillion, caps.prompt);
  const completion = read("completionPerMillion", completionPerMillion, caps.completion);
  const cached = read("cachedPerMillion", cachedPerMillion, caps.prompt);
  const reasoning = read("reasoningPerMillion", reasoningPerMillion, caps.completion);
  if ((prompt === null) !== (completion === null) || (prompt === null && (cached ?? reasoning) !== null)) {
    throw new InvalidInputError(
      "promptPerMillion and completionPerMillion have to be set together, or neither for the default prices.",
      prompt === null ? "promptPerMillion" : "completionPerMillion",
    );
  }
  return { prompt, cached, completion, reasoning };
}

function perToken(text: string, { name, cap }: { name: string; cap: bigint }): bigint {
  const perMillion = parseUsd(text);
  if (perMillion < 0n || perMillion > cap * TOKENS_PER_PRICE) {
    const most = formatUsd(nanoUsd(cap * TOKENS_PER_PRICE));
    throw new InvalidInputError(`${name} has to be between 0 and ${most} dollars per million tokens.`, name);
  }
  if (perMillion % TOKENS_PER_PRICE !== 0n) {
    throw new InvalidInputError(`${name} has to be a multiple of 0.001 dollars per million tokens.`, name);
  }
  return perMillion / TOKENS_PER_PRICE;
}
