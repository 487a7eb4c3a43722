import type { Sql, Tx } from "../db/types.ts";
import type { Touch } from "./referral-touch.ts";

/**
 * Makes whose link it was the referrer of an account that this transaction has made, for ever. The database refuses
 * self-dealing, circles, and people who were here before they followed the link: then nobody is.
 */
export async function attributeReferral(
  tx: Tx,
  { accountId, touch, days }: { accountId: string; touch: Touch; days: number },
): Promise<void> {
  await tx`
    select attribute_referral(${accountId}, ${touch.code}, ${touch.touchedAt}, make_interval(days => ${days}))`;
}

/** Whether a link leads to anybody. */
export async function isReferralCode(sql: Sql, code: string): Promise<boolean> {
  const rows = await sql`select from accounts where referral_code = ${code} and kind <> 'platform'`;
  return rows.length === 1;
}
