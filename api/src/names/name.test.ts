import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isChoosable, readName } from "./name.ts";

const HERE = "infr.example";

describe("readName", () => {
  test.each([
    ["alice", { at: "here", name: "alice" }],
    [" Alice ", { at: "here", name: "alice" }],
    ["alice@infr.example", { at: "here", name: "alice" }],
    ["ALICE@INFR.EXAMPLE", { at: "here", name: "alice" }],
    ["alice@other.example", { at: "host", name: "alice", host: "other.example" }],
    ["al-ice2@a.b.example:8443", { at: "host", name: "al-ice2", host: "a.b.example:8443" }],
    ["alice@localhost:3001", { at: "host", name: "alice", host: "localhost:3001" }],
    ["alice.eth", { at: "ens", name: "alice.eth" }],
    ["alice.base.eth", { at: "ens", name: "alice.base.eth" }],
  ])("default: %s", (text, name) => expect(readName(text, HERE)).toEqual(name));

  test.each([
    "",
    "al",
    "-alice",
    "al--ice",
    "al ice",
    "alice@",
    "@infr.example",
    "alice@localhost",
    "alice@other.example/path",
    "alice@user:word@other.example",
    "alice@other.example?x",
    "alice@.example",
    "a.lice@other.example",
    "аlice",
    "x".repeat(33),
  ])("error: %j", (text) => expect(() => readName(text, HERE)).toThrow(/That is no name/));

  test("behavior: whatever is written, a host that is asked has nothing in it but a host", () => {
    fc.assert(
      fc.property(fc.tuple(fc.stringMatching(/^[a-z]{3,8}$/), fc.string()), ([name, host]) => {
        try {
          const read = readName(`${name}@${host}`, HERE);
          if (read.at !== "host") return;
          const url = new URL(`https://${read.host}/.well-known/infr/${read.name}`);
          expect(url.pathname).toBe(`/.well-known/infr/${name}`);
          expect([url.username, url.password, url.search, url.hash]).toEqual(["", "", "", ""]);
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid_input" });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each([
  ["alice", true],
  ["a1-b2", true],
  ["infr", false],
  ["support", false],
  ["Alice", false],
  ["al", false],
  ["a".repeat(32), true],
  ["a".repeat(33), false],
])("isChoosable: %s", (name, is) => expect(isChoosable(name)).toBe(is));
