import type { Sql } from "../db/types.ts";
import { InvalidInputError, NotFoundError } from "../errors.ts";
import { addressesOfUser, mailByToken, setWanted, unwantedKinds } from "./mail-store.ts";
import { KINDS, type Kind, TEMPLATES, type TemplateName } from "./templates.ts";

/** Which kinds of mail a user gets: not those that he has ended at one of his addresses. */
export async function readMailKinds(
  sql: Sql,
  userId: string,
): Promise<Array<{ kind: Kind; wanted: boolean; optional: boolean }>> {
  const unwanted = await unwantedKinds(sql, await addressesOfUser(sql, userId));
  return KINDS.map((kind) => ({
    kind,
    wanted: kind === "security" || !unwanted.includes(kind),
    optional: kind !== "security",
  }));
}

/** Ends a kind of mail at all addresses of a user, or lets it begin again. @throws InvalidInputError for security */
export async function setMailKind(
  sql: Sql,
  { userId, kind, wanted }: { userId: string; kind: Kind; wanted: boolean },
): Promise<void> {
  if (kind === "security" && !wanted)
    throw new InvalidInputError("Mails about the security of your sign-in are always sent.", "kind");
  await setWanted(sql, { addresses: await addressesOfUser(sql, userId), kind, wanted });
}

/** Ends the kind of mail that a link came in, at the address it was sent to. @throws NotFoundError */
export async function stopMails(sql: Sql, token: string): Promise<void> {
  const mail = await mailByToken(sql, token);
  if (!mail || !Object.hasOwn(TEMPLATES, mail.template)) throw new NotFoundError("mail");
  const { kind } = TEMPLATES[mail.template as TemplateName];
  if (kind === "security") throw new NotFoundError("mail");
  await setWanted(sql, { addresses: [mail.address], kind, wanted: false });
}
