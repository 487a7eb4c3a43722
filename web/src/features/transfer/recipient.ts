/** Whom to send to, as the API wants to have it. */
export type Recipient = { wallet: string } | { email: string } | { account: string };

/** Reads a wallet's address, an e-mail address or an account's id; null for anything else. */
export function readRecipient(text: string): Recipient | null {
  const trimmed = text.trim();
  if (/^0x[0-9a-fA-F]{40}$/.test(trimmed)) return { wallet: trimmed };
  if (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(trimmed)) return { email: trimmed };
  return /^acct_[0-9a-z]+$/.test(trimmed) ? { account: trimmed } : null;
}
