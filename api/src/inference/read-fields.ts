import { InvalidInputError } from "../errors.ts";

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields that every surface has. @throws InvalidInputError naming the parameter */
export function readCommon(body: unknown): { body: Record<string, unknown>; model: string; stream: boolean } {
  if (!isRecord(body)) throw new InvalidInputError("The body has to be a JSON object.");
  if (isDeeperThan(body, MAX_DEPTH)) {
    throw new InvalidInputError(`The body is nested more than ${MAX_DEPTH} levels deep. Flatten it.`);
  }
  const { model, stream } = body;
  if (typeof model !== "string" || model === "") {
    throw new InvalidInputError("model has to be the name of a model: GET /v1/models lists them.", "model");
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw new InvalidInputError("stream has to be true or false.", "stream");
  }
  return { body: withoutOtherLimits(body), model, stream: stream === true };
}

/** Other names under which servers take a limit or a number of answers: theirs would beat what is held for. */
const OTHER_LIMITS = new Set(["n_predict", "num_predict", "max_new_tokens", "max_length", "n_cmpl", "options"]);

const withoutOtherLimits = (body: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !OTHER_LIMITS.has(name)));

/** Deeper than any schema or conversation; what reads or writes JSON level by level has to end. */
export const MAX_DEPTH = 256;

/** Whether objects and lists are nested more than so many levels deep. It reads no deeper than that itself. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

/** A field that may be missing or null. @throws InvalidInputError naming it */
export function wholeNumber({
  value,
  name,
  least = 1,
  most = Number.MAX_SAFE_INTEGER,
}: {
  value: unknown;
  name: string;
  least?: number;
  most?: number;
}): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new InvalidInputError(`${name} has to be a whole number from ${least} to ${most}.`, name);
}

/** The most answers to one prompt. */
export const MAX_CHOICES = 16;

export const bytesOf = (body: unknown): number => Buffer.byteLength(JSON.stringify(body));
