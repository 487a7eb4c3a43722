import type { Queryable, Tx } from "../../db/types.ts";
import type { Role } from "../../roles.ts";

export type TransferState = "awaiting_signature" | "pending" | "completed" | "expired" | "failed";
export type GiftState = Exclude<TransferState, "completed"> | "active" | "redeemed" | "revoked";
export type NamedAs = "wallet" | "account" | "team" | "email" | "request" | "name" | "phone";

export type MoveRow = {
  move_id: string;
  /** claim: a voucher like a gift's, for whoever proves to read an e-mail address. */
  kind: "transfer" | "gift" | "claim";
  account_id: string;
  user_id: string;
  /** Of a transfer or claim. */
  named_as: NamedAs | null;
  named: string | null;
  recipient_id: string | null;
  amount_micro: bigint;
  note: string;
  state: TransferState | GiftState;
  reason: string | null;
  from_number: bigint | null;
  to_number: bigint | null;
  nonce: bigint | null;
  deadline: bigint | null;
  memo: `0x${string}`;
  is_custodial: boolean;
  signature: `0x${string}` | null;
  cleared_block: bigint | null;
  transaction_id: string | null;
  /** Of a gift or claim: the address that its voucher stands under, and seconds of chain time. */
  voucher_key: `0x${string}` | null;
  expiry: bigint | null;
  lock_wallet: string | null;
  /** In lower case. */
  lock_email: string | null;
  revoked_at: Date | null;
  redeemer_id: string | null;
  closing_transaction_id: string | null;
  created_at: Date;
  updated_at: Date;
  /** Of the event that moved it. */
  transaction_hash: string | null;
  happened_at: Date | null;
  finality: "seen" | "safe" | "final" | null;
};

/** Moves `m` with the event that moved them, for a `where`. */
export const moveRows = (sql: Queryable) => sql`
  select m.move_id, m.kind, m.account_id, m.user_id, m.named_as, m.named, m.recipient_id, m.amount_micro, m.note, m.state, m.reason,
    m.from_number, m.to_number, m.nonce, m.deadline, m.memo, m.is_custodial, m.signature, m.cleared_block, m.transaction_id, m.voucher_key,
    m.expiry, m.lock_wallet, m.lock_email, m.revoked_at, m.redeemer_id, m.closing_transaction_id, m.created_at,
    m.updated_at, e.transaction_hash, e.happened_at, e.finality
  from moves m left join chain_events e on e.event_id = m.moved_event_id`;

export async function moveById(sql: Queryable, moveId: string): Promise<MoveRow | undefined> {
  const [row] = await sql<MoveRow[]>`${moveRows(sql)} where m.move_id = ${moveId}`;
  return row;
}

/** A move of the account that gives. */
export async function moveOf(
  sql: Queryable,
  { moveId, accountId }: { moveId: string; accountId: string },
): Promise<MoveRow | undefined> {
  const [row] = await sql<MoveRow[]>`${moveRows(sql)} where m.move_id = ${moveId} and m.account_id = ${accountId}`;
  return row;
}

/** A transfer or claim for one of the two that it is between; for the recipient once it is signed, or he claims it. */
export async function moveFor(
  sql: Queryable,
  { moveId, accountId }: { moveId: string; accountId: string },
): Promise<MoveRow | undefined> {
  const [row] = await sql<MoveRow[]>`
    ${moveRows(sql)} where m.move_id = ${moveId}
      and m.kind <> 'gift' and (m.account_id = ${accountId} or (m.kind = 'claim' and m.redeemer_id = ${accountId})
        or (m.recipient_id = ${accountId} and m.submitted_at is not null))`;
  return row;
}

/** What an account has transferred, and what came to it, newest first; `before` is the last id of the previous page. */
export async function movesOf(
  sql: Queryable,
  {
    accountId,
    direction,
    before,
    limit,
  }: { accountId: string; direction: "sent" | "received" | null; before: string | null; limit: number },
): Promise<MoveRow[]> {
  const page = sql`
    and kind <> 'gift' ${before === null ? sql`` : sql`and move_id < ${before}`} order by move_id desc limit ${limit}`;
  const sent = sql`select move_id from moves where account_id = ${accountId} ${page}`;
  const received = sql`
    (select move_id from moves where recipient_id = ${accountId} and submitted_at is not null ${page})
    union all
    (select move_id from moves where kind = 'claim' and redeemer_id = ${accountId} ${page})`;
  const mine = direction === null ? sql`(${sent}) union (${received})` : direction === "sent" ? sent : received;
  return sql<MoveRow[]>`${moveRows(sql)} where m.move_id in (${mine}) order by m.move_id desc limit ${limit}`;
}

/** A request that was sent with an idempotency key; `hash` is of what it asks for. */
export type KeyedMove = { accountId: string; key: string; hash: Buffer };

/** The move that a request made before, if it has, and whether it asked for the same. */
export async function moveUnder(
  sql: Queryable,
  { accountId, key, hash }: KeyedMove,
): Promise<{ moveId: string; isSame: boolean } | undefined> {
  const [row] = await sql<Array<{ moveId: string; isSame: boolean }>>`
    select move_id as "moveId", body_hash = ${hash} as "isSame" from moves
    where account_id = ${accountId} and idempotency_key = ${key}`;
  return row;
}

export type NewMove = KeyedMove & {
  moveId: string;
  userId: string;
  amountMicro: bigint;
  note: string;
  memo: string;
} & (
    | { kind: "transfer"; namedAs: NamedAs; named: string; recipientId: string; opens: boolean }
    | { kind: "gift"; voucherKey: string; expiry: bigint; lockWallet: string | null; lockEmail: string | null }
    | { kind: "claim"; named: string; voucherKey: string; expiry: bigint; code: string }
  );

/** @returns false if a request with the same key was faster */
export async function insertMove(tx: Tx, move: NewMove): Promise<boolean> {
  const row = {
    move_id: move.moveId,
    kind: move.kind,
    account_id: move.accountId,
    user_id: move.userId,
    idempotency_key: move.key,
    body_hash: move.hash,
    amount_micro: move.amountMicro,
    note: move.note,
    memo: move.memo,
    ...columnsOf(move),
  };
  const inserted = await tx`
    insert into moves ${tx(row)} on conflict (account_id, idempotency_key) do nothing returning move_id`;
  return inserted.length === 1;
}

function columnsOf(move: NewMove) {
  if (move.kind === "transfer")
    return { named_as: move.namedAs, named: move.named, recipient_id: move.recipientId, opens: move.opens };
  const voucher = { voucher_key: move.voucherKey, expiry: move.expiry };
  if (move.kind === "gift") return { ...voucher, lock_wallet: move.lockWallet, lock_email: move.lockEmail };
  const { named, code } = move;
  return { ...voucher, named_as: "email", named, lock_email: named.toLowerCase(), code };
}

/** What an account has asked for in the last day. Under the lock of its balance that number stays. */
export async function movesToday(sql: Queryable, accountId: string): Promise<{ moves: number; openings: number }> {
  const [row] = await sql<[{ moves: number; openings: number }]>`
    select count(*)::int as moves, count(distinct recipient_id) filter (where opens)::int as openings from moves
    where account_id = ${accountId} and created_at > now() - interval '1 day'`;
  return row;
}

/** Who gives, and to whom: an account, or whoever reads an e-mail address. */
export type Given = { accountId: string } & ({ recipientId: string } | { email: string });

/** What arrived more than a day ago. */
const longArrived = (sql: Queryable) => sql`
  o.state in ('completed', 'redeemed') and o.created_at <= now() - interval '1 day'`;

/** Whether an account has given nothing to a recipient that arrived and is older than a day. */
export async function isNewRecipient(sql: Queryable, to: Given): Promise<boolean> {
  const known = await sql`
    select from moves o where o.account_id = ${to.accountId} and ${longArrived(sql)}
      and ${"email" in to ? sql`o.kind = 'claim' and lower(o.named) = ${to.email.toLowerCase()}` : sql`o.recipient_id = ${to.recipientId}`}
    limit 1`;
  return known.length === 0;
}

/** What goes or went in the last day to recipients who are new, in µUSDC. Gift codes are for nobody in particular. */
export async function givenToNew(sql: Queryable, accountId: string): Promise<bigint> {
  const [row] = await sql<[{ total: bigint }]>`
    select coalesce(sum(amount_micro), 0)::bigint as total from moves m
    where account_id = ${accountId} and kind in ('transfer', 'claim') and created_at > now() - interval '1 day'
      and state not in ('failed', 'expired', 'revoked') and not exists (
        select from moves o where o.account_id = m.account_id and ${longArrived(sql)}
          and (o.recipient_id = m.recipient_id or (o.kind = 'claim' and m.kind = 'claim' and lower(o.named) = lower(m.named))))`;
  return row.total;
}

export type SharerRow = {
  role: Role | null;
  frozen_reason: string | null;
  chain_account: bigint | null;
  debt_nano: bigint;
  shareable_nano: bigint;
  funded_nano: bigint;
  shared_nano: bigint;
};

/** Who wants to give, and what he could: what is set aside counts is decided under a lock by `place_clearance`. */
export async function readSharer(
  sql: Queryable,
  { accountId, userId }: { accountId: string; userId: string },
): Promise<SharerRow> {
  const [row] = await sql<[SharerRow]>`
    select m.role, a.frozen_reason, a.chain_account, b.debt_nano, shareable_nano(b) as shareable_nano, b.funded_nano,
      coalesce((
        select used_nano from limits l where l.account_id = a.account_id and l.scope = 'sharing'
          and l.period_start >= start_of_period('day', now())
      ), 0) as shared_nano
    from accounts a
    join balances b using (account_id)
    left join account_members m on m.account_id = a.account_id and m.user_id = ${userId}
    where a.account_id = ${accountId}`;
  return row;
}

export type RecipientRow = {
  account_id: string;
  kind: "personal" | "team" | "platform";
  /** Who opened it: by him and the salt it is found in the contract. */
  owner: `0x${string}`;
  /** Who owns it now, in lower case. */
  current_owner: `0x${string}`;
  salt: `0x${string}` | null;
  chain_account: bigint | null;
  frozen_reason: string | null;
};

const recipients = (sql: Queryable) => sql`
  select account_id, kind, owner, current_owner(a) as current_owner, salt, chain_account, frozen_reason from accounts a`;

export async function recipientById(sql: Queryable, accountId: string): Promise<RecipientRow | undefined> {
  const [row] = await sql<RecipientRow[]>`${recipients(sql)} where account_id = ${accountId}`;
  return row;
}

export async function recipientByRef(sql: Queryable, ref: string): Promise<RecipientRow | undefined> {
  const [row] = await sql<RecipientRow[]>`${recipients(sql)} where ref = ${ref}`;
  return row;
}

/** An account for a wallet that has none: it waits for its owner. */
export async function ensureRecipient(
  tx: Tx,
  account: { accountId: string; owner: string; salt: string; ref: string },
): Promise<RecipientRow> {
  await tx`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${account.accountId}, 'personal', ${account.owner}, ${account.salt}, ${account.ref})
    on conflict (ref) do nothing`;
  const row = await recipientByRef(tx, account.ref);
  if (!row) throw new Error(`account of ref ${account.ref} vanished`);
  return row;
}

/** An account's number, once no reorganisation will give it to somebody else. */
export async function lastingNumber(sql: Queryable, accountId: string): Promise<number | null> {
  const [row] = await sql<Array<{ chain_account: bigint }>>`
    select chain_account from settleable_accounts where account_id = ${accountId}`;
  return row ? Number(row.chain_account) : null;
}

/** The nonce after those of the account's signed moves that are on their way. */
export async function nonceAfterPending(sql: Queryable, accountId: string): Promise<bigint> {
  const [row] = await sql<[{ next: bigint }]>`
    select coalesce(max(nonce) + 1, 0)::bigint as next from moves
    where account_id = ${accountId} and state = 'pending' and moved_event_id is null`;
  return row.next;
}

export type Terms = { fromNumber: number; toNumber: number; nonce: bigint; deadline: number };

/** Writes down what is to be signed. One that was signed meanwhile stays as it was. */
export async function saveTerms(
  sql: Queryable,
  moveId: string,
  { isCustodial, ...terms }: Terms & { isCustodial: boolean },
): Promise<void> {
  await sql`
    update moves set from_number = ${terms.fromNumber}, to_number = ${terms.toNumber}, nonce = ${terms.nonce},
      deadline = ${terms.deadline}, is_custodial = ${isCustodial}
    where move_id = ${moveId} and state = 'awaiting_signature'`;
}
