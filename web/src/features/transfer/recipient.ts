/** Whom to send to, as the API wants to have it. */
export type Recipient = { wallet: string } | { email: string } | { account: string } | { name: string };

/**
 * Reads a wallet's address, an e-mail address, an account's id or a name; null for anything else.
 * @param host what follows the @ of names here; what has another host is taken for an e-mail address
 */
export function readRecipient(text: string, host: string): Recipient | null {
  const trimmed = text.trim();
  if (/^0x[0-9a-fA-F]{40}$/.test(trimmed)) return { wallet: trimmed };
  if (trimmed.endsWith(`@${host}`) && trimmed.length > host.length + 1) return { name: trimmed };
  if (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(trimmed)) return { email: trimmed };
  if (/^acct_[0-9a-z]+$/.test(trimmed)) return { account: trimmed };
  return /^[^@\s]{3,}$/.test(trimmed) && !/^(0x|acct_)/.test(trimmed) ? { name: trimmed } : null;
}
