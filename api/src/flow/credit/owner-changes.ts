import { operationTypedData } from "@infr/protocol";
import { type Address, getAddress, type Hex, isErc6492Signature } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { NotFoundError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { queueMail } from "../../notify/queue-mail.ts";
import { refuseListed } from "../../screening/screen-wallet.ts";
import type { Screener } from "../../screening/screener.ts";
import { lastingNumber } from "./moves-store.ts";
import { OwnerChangeRefusedError } from "./owner-change-errors.ts";
import {
  changeTo,
  type HandOverRow,
  insertOwnerChange,
  lastOwnerChange,
  type OwnerChangeRow,
  ownerChangeOf,
  ownerChangesToday,
  readHandOver,
  setCancelled,
  setSigned,
} from "./owner-changes-store.ts";
import { isSigned, readOwner } from "./read-owner.ts";

const HOUR = 3_600n;
const DAY = 86_400n;
const MOST_IN_A_DAY = 20;

export type OwnerChangeContext = {
  sql: Sql;
  chain: Chain;
  /** Who owns, in the contract, the accounts of users without a wallet; lower-case. */
  custodian: Address | null;
  screener: Screener | null;
  /** How long a signed change waits for whoever would cancel it, in hours. */
  takeOverHours: number;
};

type Id = { changeId: string; accountId: string };

/** What the new owner signs. */
export const takeOverMessage = (row: OwnerChangeRow) => ({
  account: Number(row.account_number),
  owner: getAddress(row.wallet),
  nonce: row.nonce,
  deadline: Number(row.deadline),
});

export const takeOverTypedData = (chain: Chain, row: OwnerChangeRow) =>
  operationTypedData(chain, "RotateOwner", takeOverMessage(row));

/**
 * Prepares handing an account that the custodian owns over to a linked wallet of its user: nothing comes of it until the
 * wallet has signed. What was prepared before and not signed ends with it; what was signed for the same wallet is the answer.
 * @throws OwnerChangeRefusedError, SanctionedError, UnavailableError
 */
export async function prepareOwnerChange(
  context: OwnerChangeContext,
  who: { accountId: string; userId: string; wallet: string },
): Promise<OwnerChangeRow> {
  const { sql, chain, takeOverHours } = context;
  const { accountId, userId } = who;
  const wallet = who.wallet.toLowerCase();
  refuseUnlinked(await readHandOver(sql, { accountId, userId, wallet }));
  await refuseListed(context, wallet);
  const state = await readHandOver(sql, { accountId, userId, wallet });
  if (state.is_frozen) throw refusal("account_frozen");
  const known = await lastOwnerChange(sql, accountId);
  if (known?.wallet === wallet && (known.state === "waiting" || known.state === "pending")) return known;
  const { number, nonce } = await mustBeCustodial(context, accountId);
  if (state.has_pending_move) throw refusal("move_pending");
  if ((await ownerChangesToday(sql, accountId)) >= MOST_IN_A_DAY) throw refusal("too_many_changes");
  const { timestamp } = await chain.client.getBlock();
  const deadline = timestamp + BigInt(takeOverHours) * HOUR + DAY;
  const changeId = newId("owner");
  if (!(await insertOwnerChange(sql, { changeId, accountId, userId, number, wallet, nonce, deadline })))
    throw refusal("change_under_way");
  return mustFindOwnerChange(sql, { changeId, accountId });
}

function refuseUnlinked({ is_linked: isLinked }: HandOverRow): void {
  if (!isLinked) throw refusal("wallet_not_linked");
}

/** The number that stays an account's, and its next nonce. @throws OwnerChangeRefusedError unless the custodian owns it */
async function mustBeCustodial(
  { sql, chain, custodian }: OwnerChangeContext,
  accountId: string,
): Promise<{ number: number; nonce: bigint }> {
  const number = await lastingNumber(sql, accountId);
  if (number === null) throw refusal("account_not_open");
  const { owner, nonce } = await readOwner(chain, number);
  if (owner.toLowerCase() !== custodian) throw refusal("not_custodial");
  return { number, nonce };
}

const REFUSALS = {
  account_frozen: "This account is frozen: it can't be handed over. Write to support.",
  account_not_open:
    "This account is not in the contract yet, or not for long enough. Deposit, wait a few minutes, ask again.",
  change_under_way: "It is being handed over to another wallet. Cancel that first: GET /api/account/owner names it.",
  move_pending: "Credit of this account is on its way. Wait until it has arrived, and ask again.",
  not_custodial: "A wallet owns this account already: only that one can give it to another.",
  too_many_changes: `This can be asked for ${MOST_IN_A_DAY} times in 24 hours. Wait.`,
  wallet_not_linked: "This wallet is not linked to you. Link it first: POST /api/me/wallets.",
  order_outdated: "What was to be signed can't be carried out any more. Ask for it again and sign what it says then.",
} as const;

const refusal = (code: keyof typeof REFUSALS): OwnerChangeRefusedError =>
  new OwnerChangeRefusedError(code, REFUSALS[code], code === "wallet_not_linked" ? "wallet" : null);

/**
 * Takes the wallet's signature. From then on it waits, and its user is told at all his addresses; sent again, the answer is
 * how far it has come.
 * @throws NotFoundError for somebody else's, OwnerChangeRefusedError: then it can still be signed
 */
export async function signOwnerChange(
  context: OwnerChangeContext,
  { signature, ...id }: Id & { signature: Hex },
): Promise<OwnerChangeRow> {
  const { sql, chain, takeOverHours } = context;
  const row = await mustFindOwnerChange(sql, id);
  if (row.state !== "awaiting_signature") return row;
  const [{ nonce }, { timestamp }] = await Promise.all([
    mustBeCustodial(context, id.accountId),
    chain.client.getBlock(),
  ]);
  const leastLeft = BigInt(takeOverHours) * HOUR + HOUR;
  if (nonce !== row.nonce || timestamp + leastLeft > row.deadline) throw refusal("order_outdated");
  await mustBeSigned(chain, row, signature);
  await sql.begin(async (tx) => {
    const until = await setSigned(tx, { changeId: id.changeId, signature, hours: takeOverHours });
    if (until !== null) await tell(tx, { row, until });
  });
  return mustFindOwnerChange(sql, id);
}

async function mustBeSigned(chain: Chain, row: OwnerChangeRow, signature: Hex): Promise<void> {
  const refused = (message: string) => new OwnerChangeRefusedError("invalid_signature", message, "signature");
  // The contract asks the wallet itself: one that is not deployed can't answer.
  if (isErc6492Signature(signature)) throw refused("Deploy your wallet first: the contract has to ask it.");
  const owner = getAddress(row.wallet);
  if (!(await isSigned(chain, { owner, typedData: takeOverTypedData(chain, row), signature })))
    throw refused(`This is not the signature of ${owner} under what this says. Read it again and sign that.`);
}

/** Ends a change of owner, unless it is on its way to the chain. @throws NotFoundError, OwnerChangeRefusedError */
export async function cancelOwnerChange(sql: Sql, id: Id): Promise<OwnerChangeRow> {
  await setCancelled(sql, id);
  const row = await mustFindOwnerChange(sql, id);
  if (row.state === "pending" || row.state === "completed")
    throw new OwnerChangeRefusedError(
      "change_on_its_way",
      "It is too late: the wallet owns this account, or will in seconds. Only that wallet can give it to another.",
    );
  return row;
}

/** @throws NotFoundError for another account's */
export async function mustFindOwnerChange(sql: Sql, id: Id): Promise<OwnerChangeRow> {
  const row = await ownerChangeOf(sql, id);
  if (!row) throw new NotFoundError("change of owner");
  return row;
}

/** The event of a new owner is booked: who asked for it is told, once. */
export async function tellNewOwner(
  tx: Tx,
  { accountId, wallet }: { accountId: string; wallet: string },
): Promise<void> {
  const change = await changeTo(tx, { accountId, wallet });
  if (change) await tell(tx, { row: { ...change, wallet }, until: null });
}

async function tell(
  tx: Tx,
  { row, until }: { row: { change_id: string; user_id: string; wallet: string }; until: Date | null },
): Promise<void> {
  await queueMail(tx, {
    cause: `owner_${until === null ? "done" : "signed"}:${row.change_id}`,
    to: { userId: row.user_id },
    template: "account_taken_over",
    data: { wallet: getAddress(row.wallet), until: until?.toISOString() ?? null },
  });
}
