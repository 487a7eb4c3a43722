import { privateKeyToAccount } from "viem/accounts";
import { expect } from "vitest";
import { sendTransactions } from "../../api/src/chain/outbox.ts";
import { handOver } from "../../api/src/flow/credit/hand-over.ts";
import {
  cancelOwnerChange,
  prepareOwnerChange,
  signOwnerChange,
  takeOverTypedData,
} from "../../api/src/flow/credit/owner-changes.ts";
import { submitWaiting } from "../../api/src/flow/credit/submit-waiting.ts";
import { RICH_KEY } from "../../api/src/testing/api.ts";
import { custodian } from "./reader.ts";
import { type CreditWorld, tried } from "./world.ts";

const clearer = privateKeyToAccount(RICH_KEY);

/** Accounts that the custodian owns, and those that are taken over from him. */
export function custodyIn({ context, readers, one, below, anvil, escrow }: CreditWorld) {
  const { sql, chain, relayer } = context;
  const changing = { ...context, takeOverHours: 0 };

  /** By two windows at once; now and then it is called off in the last moment. */
  async function takeOver(): Promise<void> {
    const { accountId, userId, address, privateKey } = one(readers);
    await tried(async () => {
      const row = await prepareOwnerChange(changing, { accountId, userId, wallet: address });
      const signature = await privateKeyToAccount(privateKey).signTypedData(takeOverTypedData(chain, row));
      const id = { changeId: row.change_id, accountId };
      await Promise.all([
        tried(() => signOwnerChange(changing, { ...id, signature })),
        tried(() => signOwnerChange(changing, { ...id, signature })),
        ...(below(4) === 0 ? [tried(() => cancelOwnerChange(sql, id))] : []),
      ]);
    });
  }

  /** What the worker does. */
  async function attend(): Promise<void> {
    await submitWaiting(context);
    await handOver({ sql, chain, clearer, custodian, relayer });
    await sendTransactions({ sql, chain, account: custodian, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
  }

  /** Who owns an account is known here as the contract has it. */
  async function expectOwnersKnown(): Promise<void> {
    const accounts = await sql<Array<{ chain_account: number; owner: string }>>`
      select chain_account::int as chain_account, current_owner(a) as owner from accounts a
      where chain_account is not null and kind <> 'platform'`;
    for (const { chain_account: number, owner } of accounts) {
      const onChain = await anvil.readContract({ ...escrow, functionName: "ownerOf", args: [number] });
      expect({ number, owner }).toEqual({ number, owner: onChain.toLowerCase() });
    }
    const taken = accounts.filter(({ owner }) => readers.some(({ address }) => address.toLowerCase() === owner));
    const ended = await sql<Array<{ what: string }>>`
      select coalesce(c.failure, case when c.cancelled_at is not null then 'cancelled' end, t.state, 'waits') as what
      from owner_changes c left join transactions t using (transaction_id) order by c.created_at`;
    console.log(
      `taken over: ${taken.length} of ${readers.length}`,
      ended.map(({ what }) => what),
    );
  }

  return { takeOver, attend, expectOwnersKnown };
}
