/** A size as models' names have it: `70b`, `1.5B`, `8x7b`, `350M`, `1T`. What is active (`a3b`) is not a size of its own. */
const SIZE = /(?<![a-z0-9.])(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?)([mbt])(?![a-z0-9])/gi;
const MILLIONS: Record<string, number> = { m: 1, b: 1_000, t: 1_000_000 };
/** `1M` in a name is the length of a context. */
const FEWEST_MILLIONS = 20;
const MOST_MILLIONS = 100_000_000;

/**
 * A model's parameters in millions, read from its name or from what its operator says; of a mixture of experts, all of
 * them. Null where there is no size to read.
 */
export function readParameters(text: string): number | null {
  const sizes = [...text.matchAll(SIZE)].map(([, experts = "1", size = "0", letter = ""]) =>
    Math.round(Number(experts) * Number(size) * (MILLIONS[letter.toLowerCase()] ?? 0)),
  );
  const most = Math.max(0, ...sizes);
  return most < FEWEST_MILLIONS || most > MOST_MILLIONS ? null : most;
}
