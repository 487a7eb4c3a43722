import { depositAddress } from "../../api/src/flow/deposit/addresses/address.ts";
import { sweepAddresses } from "../../api/src/flow/deposit/addresses/sweep-addresses.ts";
import { watchAddresses } from "../../api/src/flow/deposit/addresses/watch-addresses.ts";
import { rechargeAllowances } from "../../api/src/flow/deposit/allowance/recharge-allowances.ts";
import { type CreditWorld, tried } from "./world.ts";

const MICRO_PER_CENT = 10_000n;
/** What wallets have for being recharged from. */
const PURSE = 10n ** 9n;
const silent = { error: () => {} };

type Calls = { calls: Array<{ to: `0x${string}`; data: `0x${string}` }> };

/** USDC that comes by itself: to deposit addresses, by the wallet, or from what a wallet has allowed. */
export function depositsIn(world: CreditWorld) {
  const { sql, context, people, one, below, usdc, call, api } = world;
  const { chain, relayer } = context;
  const cents = (least: number, most: number) => BigInt(least + below(most - least)) * MICRO_PER_CENT;

  /** As an exchange would; less than $5 waits there for more. */
  async function payAddress(): Promise<void> {
    const { address } = await depositAddress({ sql, chain }, one(world.users).accountId);
    await call({ ...usdc, functionName: "mint", args: [address, cents(1, 900)] });
  }

  const pay = () => world.deposit(one(people), cents(500, 2_000));

  /** A wallet allows to be recharged from, and its owner turns that on. */
  async function allow(): Promise<void> {
    const { address, cookie, privateKey } = one(people);
    await call({ ...usdc, functionName: "mint", args: [address, PURSE] });
    const terms = { perPeriod: "100", approve: "300" };
    const answer = await api.app.inject({
      method: "POST",
      url: "/api/recharge/allowance/calls",
      headers: { cookie },
      payload: terms,
    });
    for (const each of answer.json<Calls>().calls) await world.sendAs(privateKey, each);
    const setting = { by: "usdc", threshold: "20", target: "35", ceiling: "60" };
    await api.app.inject({ method: "PUT", url: "/api/recharge", headers: { cookie }, payload: setting });
  }

  const contract = api.config.allowanceRecharge as `0x${string}`;
  const allowances = { sql, chain, relayer, contract, custodian: context.custodian };
  const recharge = () => tried(() => rechargeAllowances({ allowances, logger: silent }));

  /** What the worker does. */
  async function follow(): Promise<void> {
    await watchAddresses({ sql, chain });
    await sweepAddresses({ sql, chain, relayer });
    await recharge();
  }

  /** Whether nothing that is worth a sweep waits at an address, and no recharge is on its way. */
  async function isQuiet(): Promise<boolean> {
    const open = await sql`
      select from deposit_addresses where balance_micro >= 5000000 or transaction_id is not null
      union all select from recharges where ended_at is null`;
    return open.length === 0;
  }

  return { payAddress, pay, allow, recharge, follow, isQuiet };
}
