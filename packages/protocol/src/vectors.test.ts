import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { buildVectors } from "../scripts/build-vectors.ts";

describe("vectors.json", () => {
  test("default: is what the code makes of its inputs (else: pnpm --filter @infr/protocol generate)", async () => {
    const written = await readFile(new URL("../vectors/vectors.json", import.meta.url), "utf8");
    expect(buildVectors()).toBe(written);
  });
});
