import { describe, expect, test } from "vitest";
import { canonicalUrl } from "./canonical-origin.ts";

describe("canonicalUrl", () => {
  test("default: another name of the same machine leads to the canonical one", () => {
    expect(canonicalUrl("http://127.0.0.1:3000/usage?a=1", "http://localhost:3000")).toBe(
      "http://localhost:3000/usage?a=1",
    );
  });

  test.each([
    ["http://localhost:3000/", "http://localhost:3000"],
    ["http://127.0.0.1:3001/", "http://localhost:3000"],
    ["https://preview.example/", "http://localhost:3000"],
    ["http://127.0.0.1:3000/", "https://infr.example:3000"],
  ])("behavior: %s stays where it is when the origin is %s", (href, origin) => {
    expect(canonicalUrl(href, origin)).toBeNull();
  });
});
