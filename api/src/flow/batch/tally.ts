import { nanoUsd } from "@infr/money";
import { ReceiptHasher, type ReceiptOfAccount, ReceiptsSubTree } from "@infr/protocol";
import type { Hex } from "viem";
import type { CaptureRow, Party } from "./claim-store.ts";
import { type Gross, type Payments, UnknownPartyError } from "./compose-batch.ts";
import { keccak } from "./keccak.ts";

/** The receipt of a capture, with what hides whose it is. */
export function receiptOf(row: CaptureRow, parties: ReadonlyMap<string, Party>): ReceiptOfAccount {
  const [account, operator] = [parties.get(row.account_id), parties.get(row.operator_id)];
  if (!account?.ref || !operator?.number) throw new UnknownPartyError(row.request_id);
  return {
    requestId: row.request_id,
    ref: account.ref,
    salt: row.receipt_salt,
    operator: operator.number,
    model: row.model,
    priceVersion: row.price_version,
    promptTokens: row.prompt_tokens,
    cachedTokens: row.cached_tokens,
    completionTokens: row.completion_tokens,
    reasoningTokens: row.reasoning_tokens,
    units: row.units,
    cost: nanoUsd(row.cost_nano),
    platformPaid: nanoUsd(row.funded_nano),
    usageSource: row.usage_source,
    time: row.time,
  };
}

/**
 * What captures come to, added up as they pass by, in any order: sums by account and operator, and the receipts of each
 * account, 32 bytes each.
 */
export class Tally {
  readonly #hasher = new ReceiptHasher(keccak);
  readonly #parties: ReadonlyMap<string, Party>;
  readonly #payments = new Map<string, Payments>();
  readonly #trees = new Map<string, ReceiptsSubTree>();
  readonly #gross = new Map<string, Gross>();

  /** @param parties who accounts and operators of the captures are in the contract */
  constructor(parties: ReadonlyMap<string, Party>) {
    this.#parties = parties;
  }

  add(rows: Iterable<CaptureRow>): void {
    for (const row of rows) {
      this.#treeOf(row.account_id).add(receiptOf(row, this.#parties));
      const payment = this.#payments.get(row.account_id) ?? newPayment(row.account_id);
      payment.paidNano += row.cost_nano - row.funded_nano;
      payment.fundedNano += row.funded_nano;
      payment.captures += 1;
      this.#payments.set(row.account_id, payment);
      const gross = this.#gross.get(row.operator_id) ?? { accountId: row.operator_id, grossNano: 0n };
      gross.grossNano += row.cost_nano;
      this.#gross.set(row.operator_id, gross);
    }
  }

  /** Hashes the trees of accounts that most likely have all of their receipts: one that gets more is hashed again. */
  finish(accounts: Iterable<string>): void {
    for (const accountId of accounts) this.#trees.get(accountId)?.subRoot();
  }

  get captures(): number {
    return this.payments.reduce((sum, { captures }) => sum + captures, 0);
  }

  get payments(): Payments[] {
    return [...this.#payments.values()];
  }

  get gross(): Gross[] {
    return [...this.#gross.values()];
  }

  /** By account. */
  subRoots(): Map<string, Hex> {
    return new Map([...this.#trees].map(([accountId, tree]) => [accountId, tree.subRoot()]));
  }

  #treeOf(accountId: string): ReceiptsSubTree {
    const tree = this.#trees.get(accountId) ?? new ReceiptsSubTree(this.#hasher);
    this.#trees.set(accountId, tree);
    return tree;
  }
}

const newPayment = (accountId: string): Payments => ({ accountId, paidNano: 0n, fundedNano: 0n, captures: 0 });
