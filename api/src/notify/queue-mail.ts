import type { Tx } from "../db/types.ts";
import { newId } from "../ids.ts";
import { insertMails, membersToTell, ownerToTell } from "./mail-store.ts";
import { type DataOf, TEMPLATES, type TemplateName } from "./templates.ts";

/** A mail is given up when it could not be delivered for so long. */
const LIFETIME_MS = 24 * 3_600_000;

/** Who gets a mail: anybody by his address, a user, or those who look after an account (owners, admins, billing). */
export type Recipient = { email: string } | { userId: string } | { accountId: string };

export type Mail<Name extends TemplateName> = {
  /** What happened, such as `transfer:<id>`: nobody gets a second mail of the same cause. */
  cause: string;
  to: Recipient;
  template: Name;
  /** What the template is filled with. It is kept until the mail is over, and never logged. */
  data: DataOf<Name>;
  /** After this it is not sent any more. Default: a day. */
  lifetimeMs?: number;
};

/**
 * Queues a mail in the transaction of its cause: it is sent if and only if that is committed, by the worker, at once. A user
 * gets it at his first address; what is about security, at all of them; without an address, not at all.
 * @returns how many mails there are now; 0 for a cause of before
 */
export async function queueMail<Name extends TemplateName>(
  tx: Tx,
  { cause, to, template, data, lifetimeMs = LIFETIME_MS }: Mail<Name>,
): Promise<number> {
  const addresses = await addressesOf(tx, { to, everywhere: TEMPLATES[template].kind === "security" });
  const mails = addresses.map((address) => ({ mailId: newId("mail"), address }));
  return insertMails(tx, { mails, cause, template, data, lifetimeMs });
}

async function addressesOf(tx: Tx, { to, everywhere }: { to: Recipient; everywhere: boolean }): Promise<string[]> {
  if ("email" in to) return [to.email];
  return "userId" in to
    ? ownerToTell(tx, { userId: to.userId, everywhere })
    : membersToTell(tx, { accountId: to.accountId, everywhere });
}
