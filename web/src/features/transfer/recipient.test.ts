import { expect, test } from "vitest";
import { readRecipient } from "./recipient.ts";

test("a wallet, an e-mail address, an account, and what is neither", () => {
  const wallet = `0x${"aB".repeat(20)}`;
  expect(readRecipient(` ${wallet} `)).toEqual({ wallet });
  expect(readRecipient("acct_01m7zmwh15mrg71a9wsypg4d9y")).toEqual({ account: "acct_01m7zmwh15mrg71a9wsypg4d9y" });
  expect(readRecipient(" me@example.com")).toEqual({ email: "me@example.com" });
  for (const text of ["", "0x12", "alice", "acct_", "me@", "@example.com", "me@localhost"])
    expect(readRecipient(text)).toBeNull();
});
