import { expect, test } from "vitest";
import { readRecipient } from "./recipient.ts";

test("a wallet, a name, an e-mail address, an account, and what is none of them", () => {
  const wallet = `0x${"aB".repeat(20)}`;
  expect(readRecipient(` ${wallet} `)).toEqual({ wallet });
  expect(readRecipient("acct_01m7zmwh15mrg71a9wsypg4d9y")).toEqual({ account: "acct_01m7zmwh15mrg71a9wsypg4d9y" });
  expect(readRecipient(" me@example.com")).toEqual({ email: "me@example.com" });
  for (const name of ["alice", "alice.eth"]) expect(readRecipient(name)).toEqual({ name });
  expect(readRecipient("name:alice@infr.example")).toEqual({ name: "alice@infr.example" });
  for (const text of ["", "0x12", "al", "acct_", "me@", "@example.com", "name:", "me@localhost", "a b c"])
    expect(readRecipient(text)).toBeNull();
});
