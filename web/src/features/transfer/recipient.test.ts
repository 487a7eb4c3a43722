import { expect, test } from "vitest";
import { readRecipient } from "./recipient.ts";

const read = (text: string) => readRecipient(text, "infr.example");

test("a wallet, a name, an e-mail address, an account, and what is none of them", () => {
  const wallet = `0x${"aB".repeat(20)}`;
  expect(read(` ${wallet} `)).toEqual({ wallet });
  expect(read("acct_01m7zmwh15mrg71a9wsypg4d9y")).toEqual({ account: "acct_01m7zmwh15mrg71a9wsypg4d9y" });
  expect(read(" me@example.com")).toEqual({ email: "me@example.com" });
  for (const name of ["alice", "alice@infr.example", "alice.eth"]) expect(read(name)).toEqual({ name });
  for (const text of ["", "0x12", "al", "acct_", "me@", "@example.com", "@infr.example", "me@localhost", "a b c"])
    expect(read(text)).toBeNull();
});
