import { type MicroUsdc, microToNano, type NanoUsd, nanoUsd, parseUsdc } from "@infr/money";
import type { Address, Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { InvalidInputError, NotFoundError } from "../../errors.ts";
import { lockBalances } from "../../ledger/store.ts";
import type { Directories } from "../../names/directories.ts";
import { demand } from "../../roles.ts";
import type { Screener } from "../../screening/screener.ts";
import { MoveRefusedError, refusalOf } from "./move-errors.ts";
import { movesToday, readSharer, type SharerRow } from "./moves-store.ts";

const AMOUNT = /^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$/;

/** What an account may give. */
export type SharingRules = {
  /** What it may give in a day (UTC). */
  perDay: NanoUsd;
  /** How many moves it may ask for in 24 hours, */
  movesPerDay: number;
  /** and how many recipients' accounts may be opened in the contract for them. */
  openingsPerDay: number;
  /** What may go in 24 hours to recipients who got nothing before them. */
  toNewPerDay: NanoUsd;
};

export type MoveContext = {
  sql: Sql;
  chain: Chain;
  relayer: Address;
  sharing: SharingRules;
  /** Who owns, in the contract, the accounts of users without a wallet; lower-case. */
  custodian: Address | null;
  /** 32 bytes that make vouchers for one person ones that only this platform can redeem; null: there are none. */
  voucherSecret: Hex | null;
  /** Knows which wallets nobody may deal with; null: nobody screens. */
  screener: Screener | null;
  /** Where names lead; null in workers: who they send to was found when it was ordered. */
  directories: Directories | null;
};

/** Who gives: an account, and who of its people asks for it. */
export type Sharer = { accountId: string; userId: string };

/** An amount that the contract can move. @throws InvalidInputError */
export function readAmount(text: string): MicroUsdc {
  const amount = AMOUNT.test(text) ? parseUsdc(text) : 0n;
  if (amount <= 0n)
    throw new InvalidInputError(
      "amount has to be US dollars above zero with at most 6 decimals, such as 12.5: the contract counts in millionths.",
      "amount",
    );
  return amount as MicroUsdc;
}

/** @throws RoleNeededError, NotFoundError for people who may use an account's credit and not give it away, or not any more */
export async function checkRole(sql: Sql, sharer: Sharer): Promise<SharerRow> {
  const row = await readSharer(sql, sharer);
  if (row.role === null) throw new NotFoundError("account");
  demand(row.role, "sharing");
  return row;
}

/** Whether an account may give an amount now, as far as that can be said without a lock. @throws MoveRefusedError */
export async function checkSharer(
  { sql, sharing }: MoveContext,
  { sharer, amount }: { sharer: Sharer; amount: MicroUsdc },
): Promise<{ shareable: NanoUsd; capLeft: NanoUsd }> {
  const row = await checkRole(sql, sharer);
  const shareable = nanoUsd(row.chain_account === null ? 0n : row.shareable_nano);
  const capLeft = nanoUsd(sharing.perDay - row.shared_nano);
  const facts = { amount, shareable, capLeft, funded: nanoUsd(row.funded_nano) };
  if (row.frozen_reason !== null) throw refusalOf({ outcome: "frozen", ...facts });
  if (row.debt_nano > 0n) throw refusalOf({ outcome: "debt", ...facts });
  if (shareable < microToNano(amount)) throw refusalOf({ outcome: "balance", ...facts });
  if (capLeft < microToNano(amount)) throw refusalOf({ outcome: "cap", ...facts });
  return { shareable, capLeft };
}

/** Counted under the account's lock, or parallel requests would all see the last free place. */
export async function checkPace(
  tx: Tx,
  { accountId, rules, opens }: { accountId: string; rules: SharingRules; opens: boolean },
): Promise<void> {
  await lockBalances(tx, [accountId]);
  const { moves, openings } = await movesToday(tx, accountId);
  if (moves >= rules.movesPerDay)
    throw new MoveRefusedError(
      "too_many_moves",
      `An account can move credit ${rules.movesPerDay} times in 24 hours. Put several into one, or wait.`,
    );
  if (opens && openings >= rules.openingsPerDay)
    throw new MoveRefusedError(
      "too_many_moves",
      `The platform opens ${rules.openingsPerDay} new accounts a day for what you send. Wait, or ask the recipient to deposit first.`,
    );
}
