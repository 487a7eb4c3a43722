const BYTES_PER_FLOAT = 4;

/** A vector as numbers, or as the base64 of little-endian 32-bit floats; what is neither stays as it is. */
export function inEncoding(embedding: unknown, encoding: "float" | "base64"): unknown {
  if (encoding === "base64" && isNumbers(embedding)) return toBase64(embedding);
  if (encoding === "float" && typeof embedding === "string") return fromBase64(embedding);
  return embedding;
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");

function toBase64(vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * BYTES_PER_FLOAT);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * BYTES_PER_FLOAT);
  return bytes.toString("base64");
}

function fromBase64(text: string): number[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: Math.floor(bytes.length / BYTES_PER_FLOAT) }, (_, at) =>
    bytes.readFloatLE(at * BYTES_PER_FLOAT),
  );
}
