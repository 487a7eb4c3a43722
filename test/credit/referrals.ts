import { generatePrivateKey } from "viem/accounts";
import { expect } from "vitest";
import { earnedTotals } from "../../api/src/referrals/store.ts";
import { newUser } from "../../api/src/testing/api.ts";
import { type CreditUser, type CreditWorld, follow, MICRO } from "./world.ts";

const MOST_NEWCOMERS = 4;
const DEPOSIT = 20_000_000n;
/** Of what referred accounts pay, to who brought them: 1 %. */
const REFERRED_PER_EARNED = 100n;

/** People who come through each other's links. */
export function referralsIn(world: CreditWorld) {
  const { sql, api, people, users, one, below, openUser } = world;
  let newcomers = 0;

  /** Somebody follows a link or two and signs up, in several windows at once: who came first counts. */
  async function join(): Promise<void> {
    if (newcomers === MOST_NEWCOMERS) return;
    newcomers += 1;
    const first = await follow(api, one(people));
    const touch = below(2) === 0 ? ((await follow(api, one(people), first)) ?? first) : first;
    const privateKey = generatePrivateKey();
    const signUp = () => newUser(api, privateKey, touch ?? "");
    const [user] = await Promise.all([signUp(), signUp(), signUp()]);
    const person: CreditUser = await openUser(user, DEPOSIT);
    people.push(person);
    users.push(person);
  }

  /**
   * Who brings people has 1 % of what they have paid in settled batches, as long as nobody has turned out to deal with
   * himself; and what they have paid is all that they have used at their own cost.
   */
  async function expectOnePercent(): Promise<void> {
    const used = await sql<Array<{ account_id: string; used: bigint; settled: bigint }>>`
      select account_id, used, settled from (
        select account_id, sum(cost_nano - funded_nano)::bigint as used from usage group by 1
      ) u left join (
        select account_id, sum(line_micro)::bigint as settled from batch_accounts join batches using (batch_id)
        where state in ('mined', 'final') group by 1
      ) s using (account_id)`;
    for (const { account_id: accountId, used: nano, settled } of used)
      expect({ accountId, settled: settled ?? 0n }).toEqual({ accountId, settled: nano / MICRO });
    const referrers = await sql<Array<{ referrer_id: string; referred: bigint }>>`
      select r.referrer_id, coalesce(sum(l.line_micro) filter (where b.state in ('mined', 'final')), 0)::bigint as referred
      from referrals r left join batch_accounts l using (account_id)
      left join batches b on b.batch_id = l.batch_id and (r.ended_at is null or b.built_at < r.ended_at)
      group by 1`;
    for (const { referrer_id: referrer, referred } of referrers) {
      const { referral_nano: nano, carried_micro: carried } = await earnedTotals(sql, referrer);
      const earned = nano / MICRO;
      expect({ referrer, earned }).toEqual({ referrer, earned: (referred - carried) / REFERRED_PER_EARNED });
      // Batches here have room for everybody: what is left over is never worth a unit.
      expect(carried, `carried by ${referrer}`).toBeLessThan(REFERRED_PER_EARNED);
    }
    const [row] = await sql<[{ n: number; ended: number }]>`
      select count(*)::int as n, count(ended_at)::int as ended from referrals`;
    const earned = referrers.reduce((sum, { referred }) => sum + referred, 0n);
    console.log(`referrals: ${row.n}, of them ended: ${row.ended}, referred: ${earned} µ$`);
  }

  return { join, expectOnePercent };
}
