import { describe, expect, test } from "vitest";
import { SNIPPETS } from "./snippets.ts";

const example = { baseUrl: "https://infr.example/v1", key: "$INFR_API_KEY", model: "demo/large" };

describe("SNIPPETS", () => {
  test("default: each names base URL and model, and takes the key from the environment", () => {
    const texts = SNIPPETS.map(({ write }) => write(example));
    for (const text of texts) {
      expect(text).toContain("https://infr.example/v1");
      expect(text).toContain('"demo/large"');
    }
    expect(texts[0]).toContain("Bearer $INFR_API_KEY");
    expect(texts[1]).toContain('os.environ["INFR_API_KEY"]');
    expect(texts[2]).toContain("process.env.INFR_API_KEY");
  });

  test("behavior: a key that was just made stands in it", () => {
    for (const { write } of SNIPPETS) expect(write({ ...example, key: "sk-infr-1" })).toContain("sk-infr-1");
  });
});
