import { type NanoUsd, nanoUsd, parseUsd } from "@infr/money";
import { InvalidInputError } from "../errors.ts";
import { isRecord } from "./read-fields.ts";

const MAX_NAMES = 100;
const SORTS = ["price", "throughput", "latency"] as const;
/** Percentiles that may be asked for; we know averages, which are compared with the first of them. */
const PERCENTILES = ["p50", "p75", "p90", "p99"];
/** Fields that choose no node, or whose usual value asks for nothing. */
const UNREAD = new Set([
  "model",
  "messages",
  "prompt",
  "input",
  "system",
  "stream",
  "stream_options",
  "provider",
  "user",
  "metadata",
]);

/** The `provider` object of a request, after OpenRouter's: which nodes may serve it, and in which order. */
export type Preferences = {
  /** Ids or names of nodes, or ids of operators: tried first, in this order. */
  order: string[];
  only: string[] | null;
  ignore: string[];
  allowFallbacks: boolean;
  /** Fields that the node has to take notice of. */
  required: string[];
  sort: (typeof SORTS)[number] | null;
  /** Nano-dollars per million tokens; null: any. */
  maxPrompt: NanoUsd | null;
  maxCompletion: NanoUsd | null;
  /** Nodes beyond these come last. */
  preferredMaxLatencyMs: number | null;
  preferredMinThroughput: number | null;
};

export const NO_PREFERENCES: Preferences = {
  order: [],
  only: null,
  ignore: [],
  allowFallbacks: true,
  required: [],
  sort: null,
  maxPrompt: null,
  maxCompletion: null,
  preferredMaxLatencyMs: null,
  preferredMinThroughput: null,
};

const READERS: Record<string, (value: unknown, name: string, body: Record<string, unknown>) => Partial<Preferences>> = {
  order: (value, name) => ({ order: readNames(value, name) }),
  only: (value, name) => ({ only: readNames(value, name) }),
  ignore: (value, name) => ({ ignore: readNames(value, name) }),
  allow_fallbacks: (value, name) => ({ allowFallbacks: readFlag(value, name) }),
  require_parameters: (value, name, body) => ({ required: readFlag(value, name) ? parametersOf(body) : [] }),
  sort: (value, name) => ({ sort: readSort(isRecord(value) ? value["by"] : value, name) }),
  max_price: (value, name) => readMaxPrice(value, name),
  preferred_max_latency: (value, name) => ({ preferredMaxLatencyMs: 1_000 * readAmount(value, name) }),
  preferred_min_throughput: (value, name) => ({ preferredMinThroughput: readAmount(value, name) }),
  data_collection: (value, name) => {
    if (value !== "allow")
      throw new InvalidInputError(`${name} can only be "allow": nodes do not say what they keep.`, name);
    return {};
  },
};

/**
 * Takes the routing preferences out of a body. What we could not keep is refused rather than ignored.
 * @returns them, and the body without them, as nodes get it
 * @throws InvalidInputError naming the field
 */
export function readPreferences(body: unknown): { preferences: Preferences; rest: unknown } {
  if (!isRecord(body) || body["provider"] === undefined) return { preferences: NO_PREFERENCES, rest: body };
  const { provider, ...rest } = body;
  if (provider === null) return { preferences: NO_PREFERENCES, rest };
  if (!isRecord(provider))
    throw new InvalidInputError("provider has to be an object of routing preferences.", "provider");
  const preferences = { ...NO_PREFERENCES };
  for (const [key, value] of Object.entries(provider)) {
    if (value === null || value === undefined) continue;
    const name = `provider.${key.slice(0, 64)}`;
    const read = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
    if (!read)
      throw new InvalidInputError(`${name} is not known here. Known: ${Object.keys(READERS).join(", ")}.`, name);
    Object.assign(preferences, read(value, name, rest));
  }
  return { preferences, rest };
}

/** What a request asks of a model beyond its prompt. */
const parametersOf = (body: Record<string, unknown>): string[] =>
  Object.entries(body).flatMap(([name, value]) => (UNREAD.has(name) || value === null ? [] : [name]));

function readNames(value: unknown, name: string): string[] {
  if (Array.isArray(value) && value.length <= MAX_NAMES && value.every((item) => typeof item === "string")) {
    return value.map((item) => item.toLowerCase());
  }
  throw new InvalidInputError(
    `${name} has to be a list of at most ${MAX_NAMES} node ids, node names or operator ids.`,
    name,
  );
}

function readFlag(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw new InvalidInputError(`${name} has to be true or false.`, name);
}

function readSort(value: unknown, name: string): Preferences["sort"] {
  const sort = SORTS.find((known) => known === value);
  if (sort) return sort;
  throw new InvalidInputError(`${name} has to be one of ${SORTS.join(", ")}.`, name);
}

function readAmount(value: unknown, name: string): number {
  const amount = isRecord(value) ? PERCENTILES.map((key) => value[key]).find((item) => item !== undefined) : value;
  if (typeof amount === "number" && Number.isFinite(amount) && amount >= 0) return amount;
  throw new InvalidInputError(
    `${name} has to be a number of at least 0, or an object with p50, p75, p90 or p99.`,
    name,
  );
}

/** Prices per request and per image are known too: no node here asks for one, so any limit of them holds. */
function readMaxPrice(value: unknown, name: string): Partial<Preferences> {
  if (!isRecord(value)) throw new InvalidInputError(`${name} has to be an object with prompt or completion.`, name);
  const unknown = Object.keys(value).find((key) => !["prompt", "completion", "request", "image"].includes(key));
  if (unknown !== undefined) {
    throw new InvalidInputError(
      `${name} may have prompt, completion, request and image.`,
      `${name}.${unknown.slice(0, 64)}`,
    );
  }
  const limits = Object.fromEntries(
    Object.entries(value).map(([key, limit]) => [key, readPrice(limit, `${name}.${key}`)]),
  );
  return { maxPrompt: limits["prompt"] ?? null, maxCompletion: limits["completion"] ?? null };
}

/** Dollars per million tokens, as a number or a decimal string: exact in nano-dollars, what is finer is cut off. */
function readPrice(value: unknown, name: string): NanoUsd | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === "number" && value >= 0 && value < 1e9 ? value.toFixed(9) : value;
  const [, whole, fraction = ""] = /^(\d{1,9})(?:\.(\d{1,30}))?$/.exec(typeof text === "string" ? text : "") ?? [];
  if (whole === undefined) {
    throw new InvalidInputError(`${name} has to be dollars per million tokens, such as 0.5 or "0.5".`, name);
  }
  return nanoUsd(parseUsd(`${BigInt(whole)}.${fraction.slice(0, 9).padEnd(9, "0")}`));
}
