import { creditEscrowAbi } from "@infr/contracts/abi";
import type { Address, Hex } from "viem";
import type { Chain } from "../../../chain/open.ts";
import type { Sql } from "../../../db/types.ts";
import { NotFoundError } from "../../../errors.ts";
import { accountsWithoutAddress, addressOf, refOf, saveAddress, type WaitingRow } from "./store.ts";

const PAGE = 50;

/** What making addresses works with. */
type Context = { sql: Sql; chain: Chain };

/** As the contract computes it from the account's ref (CREATE2): it is the same before and after the account is opened. */
async function askAddress({ client, escrow }: Chain, ref: Hex): Promise<Address> {
  const address = await client.readContract({
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "depositAddressOf",
    args: [ref],
  });
  return address.toLowerCase() as Address;
}

/** An account's deposit address, known from sign-up on, and what waits there. @throws NotFoundError for the platform's */
export async function depositAddress({ sql, chain }: Context, accountId: string): Promise<WaitingRow> {
  const known = await addressOf(sql, accountId);
  if (known) return known;
  const ref = await refOf(sql, accountId);
  if (ref === null) throw new NotFoundError("deposit address");
  const address = await askAddress(chain, ref);
  await saveAddress(sql, { account_id: accountId, address });
  return { account_id: accountId, address, balance_micro: 0n, transaction_id: null };
}

/** Gives accounts their addresses, so that they are watched also if nobody asks for them. @returns how many */
export async function giveAddresses({ sql, chain }: Context): Promise<number> {
  const accounts = await accountsWithoutAddress(sql, PAGE);
  await Promise.all(
    accounts.map(async ({ account_id: accountId, ref }) => {
      await saveAddress(sql, { account_id: accountId, address: await askAddress(chain, ref) });
    }),
  );
  return accounts.length;
}
