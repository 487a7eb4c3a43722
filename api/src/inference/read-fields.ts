import { InvalidInputError } from "../errors.ts";

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields that every surface has. @throws InvalidInputError naming the parameter */
export function readCommon(body: unknown): { body: Record<string, unknown>; model: string; stream: boolean } {
  if (!isRecord(body)) throw new InvalidInputError("The body has to be a JSON object.");
  const { model, stream } = body;
  if (typeof model !== "string" || model === "") {
    throw new InvalidInputError("model has to be the name of a model: GET /v1/models lists them.", "model");
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw new InvalidInputError("stream has to be true or false.", "stream");
  }
  return { body, model, stream: stream === true };
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
