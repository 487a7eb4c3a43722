import type { Tx } from "../db/types.ts";

/** Tries that a code stands: with eight digits, one in twenty million to guess it. */
const MAX_TRIES = 5;

type Hashes = { challengeHash: Buffer; codeHash: Buffer };

/** @returns until when the code counts */
export async function saveCode(
  tx: Tx,
  code: Hashes & { address: string; linkTo: string | null; lifetimeMs: number },
): Promise<Date> {
  const [row] = await tx<Array<{ expires_at: Date }>>`
    insert into email_codes (challenge_hash, code_hash, address, user_id, expires_at)
    values (${code.challengeHash}, ${code.codeHash}, ${code.address}, ${code.linkTo},
      now() + make_interval(secs => ${code.lifetimeMs / 1000}))
    returning expires_at`;
  if (!row) throw new Error("a code was not saved");
  return row.expires_at;
}

/** Tries a code, which counts as a try, and uses it up if it is right. @returns the address that it was sent to, or null */
export async function takeCode(
  tx: Tx,
  { challengeHash, codeHash, linkTo }: Hashes & { linkTo: string | null },
): Promise<string | null> {
  const [row] = await tx<Array<{ address: string; used_at: Date | null }>>`
    update email_codes set
      attempts = attempts + 1,
      used_at = case when code_hash = ${codeHash} then now() end
    where challenge_hash = ${challengeHash} and user_id is not distinct from ${linkTo}
      and used_at is null and expires_at > now() and attempts < ${MAX_TRIES}
    returning address, used_at`;
  return row?.used_at ? row.address : null;
}
