import { type MicroUsdc, microToNano, microUsdc, type NanoUsd, nanoUsd } from "@infr/money";
import { refusalOf } from "./move-errors.ts";
import { checkRole, type MoveContext, type Sharer } from "./move-rules.ts";
import { givenToNew } from "./moves-store.ts";

/** What an account may give now, before anybody says how much and to whom. */
export type SharingRoom = {
  /** Paid credit that nothing is metered or held against. */
  shareable: NanoUsd;
  perDay: NanoUsd;
  leftToday: NanoUsd;
  toNewPerDay: NanoUsd;
  leftToNew: NanoUsd;
  /** Why nothing can be given at all, or null. */
  refusal: string | null;
};

/** The limits that a move will meet, so that they can be told before somebody asks for one. */
export async function readSharingRoom({ sql, sharing }: MoveContext, sharer: Sharer): Promise<SharingRoom> {
  const [row, toNew] = await Promise.all([checkRole(sql, sharer), givenToNew(sql, sharer.accountId)]);
  const shareable = nanoUsd(row.chain_account === null ? 0n : row.shareable_nano);
  const leftToday = atLeastZero(sharing.perDay - row.shared_nano);
  const facts = { amount: NOTHING, shareable, capLeft: leftToday, funded: nanoUsd(row.funded_nano) };
  const outcome = row.frozen_reason !== null ? "frozen" : row.debt_nano > 0n ? "debt" : null;
  return {
    shareable: atLeastZero(shareable),
    perDay: sharing.perDay,
    leftToday,
    toNewPerDay: sharing.toNewPerDay,
    leftToNew: atLeastZero(sharing.toNewPerDay - microToNano(microUsdc(toNew))),
    refusal: outcome === null ? null : refusalOf({ outcome, ...facts }).message,
  };
}

const NOTHING: MicroUsdc = microUsdc(0n);
const atLeastZero = (amount: bigint): NanoUsd => nanoUsd(amount > 0n ? amount : 0n);
