/** Whom to send to, as the API wants to have it. */
export type Recipient = { wallet: string } | { email: string } | { account: string } | { name: string };

/**
 * Reads a wallet's address, an e-mail address, an account's id or a name; null for anything else. What has an @ is an e-mail
 * address unless it is said to be a name: the two look the same, and may be two people's.
 */
export function readRecipient(text: string): Recipient | null {
  const trimmed = text.trim();
  if (/^0x[0-9a-fA-F]{40}$/.test(trimmed)) return { wallet: trimmed };
  const [, name] = /^name:\s*(\S+)$/.exec(trimmed) ?? [];
  if (name !== undefined) return { name };
  if (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(trimmed)) return { email: trimmed };
  if (/^acct_[0-9a-z]+$/.test(trimmed)) return { account: trimmed };
  return /^[^@\s:]{3,}$/.test(trimmed) && !/^(0x|acct_)/.test(trimmed) ? { name: trimmed } : null;
}
