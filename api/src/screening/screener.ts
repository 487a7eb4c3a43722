/** What a provider says of a wallet. `listed`: the list it is on, in the provider's words; null if it is on none. */
export type Screened = { listed: string | null };

/** Somebody who knows which wallets nobody may deal with. */
export interface Screener {
  provider: string;
  /** @throws UnavailableError if there is no answer */
  screen: (address: string) => Promise<Screened>;
}
