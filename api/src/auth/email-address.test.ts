import { describe, expect, test } from "vitest";
import { InvalidInputError } from "../errors.ts";
import { sourceOf } from "./attempts.ts";
import { readEmailAddress } from "./email-address.ts";

describe("readEmailAddress", () => {
  test.each([
    [" Ann@Example.COM ", "Ann@example.com"],
    ["a+b@sub.example.co", "a+b@sub.example.co"],
    ["x@bücher.example", "x@xn--bcher-kva.example"],
  ])("default: %j is kept as %j", (text, address) => {
    expect(readEmailAddress(text)).toBe(address);
  });

  test.each([
    "",
    "ann",
    "@example.com",
    "ann@",
    "ann@example",
    "ann@@example.com",
    "ann@a@example.com",
    "ann smith@example.com",
    "ann@example.com\nbcc: eve@example.com",
    "ann@exa mple.com",
    "ann@[127.0.0.1]",
    "ann@127.0.0.1",
    "änn@example.com",
    '"ann"@example.com',
    "<ann@example.com>",
    "ann@-example.com",
    `${"a".repeat(65)}@example.com`,
    `a@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.${"e".repeat(60)}.${"f".repeat(60)}.com`,
  ])("error: InvalidInputError for %j", (text) => {
    expect(() => readEmailAddress(text)).toThrow(InvalidInputError);
  });
});

describe("sourceOf", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["2001:db8:0:1:aaaa::1", "2001:db8:0:1"],
    ["2001:0db8:0000:0001:bbbb:1:2:3", "2001:db8:0:1"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
  ])("default: %s counts as %s", (ip, source) => {
    expect(sourceOf(ip)).toBe(source);
  });
});
