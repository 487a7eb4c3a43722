import type { Sql } from "../db/types.ts";
import { InfrError, UnavailableError } from "../errors.ts";
import type { Screener } from "./screener.ts";
import {
  clearHeld,
  freezeAccounts,
  freezeOfWallet,
  ownsFrozen,
  saveScreening,
  screeningOf,
  settleWaiting,
  staleWallets,
  waitingPayers,
} from "./store.ts";

/** How long an answer counts. */
const FRESH_HOURS = 24;
const MAX_PAYERS = 50;

/** Nobody may deal with this wallet: HTTP 403. */
export class SanctionedError extends InfrError {
  readonly code = "sanctioned";
  readonly status = 403;
  constructor(address: string) {
    super(
      `The wallet ${address} is on a sanctions list: we may not deal with it. Write to support if that is a mistake.`,
    );
  }
}

/** The account of a wallet that wants to pay is frozen: HTTP 403. */
export class FrozenPayerError extends InfrError {
  readonly code = "account_frozen";
  readonly status = 403;
  constructor() {
    super("The account of this wallet is frozen: it can't spend, so nothing was taken. Write to support.");
  }
}

/** Null: nobody screens, every wallet is clear. */
export type Screening = { sql: Sql; screener: Screener | null };

/**
 * What is known of a wallet, asked of the provider at most once a day. One that is on a list has its accounts frozen.
 * @returns whether it is on a list
 * @throws UnavailableError if nobody answers
 */
export async function isListed({ sql, screener }: Screening, wallet: string): Promise<boolean> {
  if (screener === null) return false;
  const address = wallet.toLowerCase();
  const known = await screeningOf(sql, address, FRESH_HOURS);
  if (known?.is_fresh) return known.is_listed;
  const { listed } = await screener.screen(address);
  await sql.begin(async (tx) => {
    await saveScreening(tx, { address, provider: screener.provider, detail: listed });
    if (listed === null) await clearHeld(tx, address);
    else await freezeOfWallet(tx, { address, reason: reasonOf(address) });
  });
  return listed !== null;
}

const reasonOf = (address: string): string => `The wallet ${address} is on a sanctions list.`;

/** @throws SanctionedError, UnavailableError */
export async function refuseListed(screening: Screening, wallet: string): Promise<void> {
  if (await isListed(screening, wallet)) throw new SanctionedError(wallet);
}

/**
 * The same for somebody who signs in. A provider that does not answer keeps nobody out: by signing in nothing moves.
 * @throws SanctionedError
 */
export async function refuseAtSignIn(screening: Screening, wallet: string): Promise<void> {
  try {
    await refuseListed(screening, wallet);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
  }
}

/** Before a wallet pays for a request by itself: nothing is taken of whom nothing would be served. @throws SanctionedError */
export async function refusePayer(screening: Screening, wallet: string): Promise<void> {
  await refuseListed(screening, wallet);
  if (await ownsFrozen(screening.sql, wallet.toLowerCase())) throw new FrozenPayerError();
}

/**
 * Looks at who paid the deposits that wait: what a clear wallet paid goes on, what one on a list paid is held, not lost,
 * and the account that it is for is frozen, so that somebody looks.
 */
export async function screenDeposits(screening: Screening): Promise<void> {
  const { sql } = screening;
  for (const payer of await waitingPayers(sql, MAX_PAYERS)) {
    const listed = await isListed(screening, payer);
    await sql.begin(async (tx) => {
      const accounts = await settleWaiting(tx, { payer, isListed: listed });
      if (listed) await freezeAccounts(tx, { accounts, reason: reasonOf(payer) });
    });
  }
}

/** Asks again for wallets whose answers are old: lists change. */
export async function screenAgain(screening: Screening): Promise<void> {
  const stale = await staleWallets(screening.sql, { freshHours: FRESH_HOURS, limit: MAX_PAYERS });
  for (const address of stale) await isListed(screening, address);
}
