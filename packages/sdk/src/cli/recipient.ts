import { UsageError } from "./options.ts";

type To =
  | { wallet: string }
  | { account: string }
  | { email: string }
  | { request: string }
  | { name: string }
  | { phone: string };

/** Whom a word of the command line names, as the API wants it. @throws UsageError */
export function recipientOf(text: string): To {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return { wallet: text };
  if (/^acct_[0-9a-z]+$/.test(text)) return { account: text };
  // A request for money, or the link to it.
  const [, request] = /(?:^|\/pay\/)(ask_[0-9a-z]+)$/.exec(text) ?? [];
  if (request !== undefined) return { request };
  // What has an @ is taken for an e-mail address unless it is said to be a name.
  const [, name] = /^name:(\S+)$/.exec(text) ?? [];
  if (name !== undefined) return { name };
  if (/^[^@\s]+@[^@\s]+$/.test(text)) return { email: text };
  if (/^\+[\d\s().-]+$/.test(text)) return { phone: text };
  if (/^[^@\s:]{3,}$/.test(text)) return { name: text };
  throw new UsageError(
    `"${text}" is nobody's name here. Write a wallet (0x…), a name (alice, alice.eth, name:alice@host.example), an e-mail address, an account (acct_…) or a request (ask_…).`,
  );
}
