import type { Sql } from "../db/types.ts";
import type { TestApi } from "./api.ts";

/** Somebody without a wallet. */
export type EmailUser = { accountId: string; cookie: string; email: string };

/** Asks for a sign-in code; `as` asks for one that links the address instead. */
export async function askForCode(api: TestApi, { email, as }: { email: string; as?: string }): Promise<string> {
  const answer = await api.app.inject({
    method: "POST",
    url: as === undefined ? "/api/auth/email" : "/api/me/emails",
    ...(as === undefined ? {} : { headers: { cookie: as } }),
    payload: { email },
  });
  if (answer.statusCode !== 202) throw new Error(answer.body);
  return answer.json<{ challenge: string }>().challenge;
}

/** The newest code that waits to be sent to an address. */
export async function codeFor(sql: Sql, email: string): Promise<string> {
  const [row] = await sql<Array<{ code: string }>>`
    select data->>'code' as code from mails where lower(address) = ${email.toLowerCase()} and data ? 'code'
    order by created_at desc limit 1`;
  if (!row) throw new Error(`there is no code for ${email}`);
  return row.code;
}

export const signInWithCode = (api: TestApi, proof: { challenge: string; code: string }) =>
  api.app.inject({ method: "POST", url: "/api/auth/email/verify", payload: proof });

/** Somebody who signed in by e-mail. */
export async function newEmailUser(api: TestApi, email: string): Promise<EmailUser> {
  const challenge = await askForCode(api, { email });
  const answer = await signInWithCode(api, { challenge, code: await codeFor(api.sql, email) });
  if (answer.statusCode !== 200) throw new Error(answer.body);
  const accountId = answer.json<{ account: { id: string } }>().account.id;
  return { accountId, cookie: `infr_session=${answer.cookies[0]?.value}`, email };
}
