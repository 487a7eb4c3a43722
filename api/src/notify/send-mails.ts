import type { Logger } from "pino";
import type { Sql } from "../db/types.ts";
import { type Letter, writeHtml, writeText } from "./letter.ts";
import { claimMails, endMail, type MailRow, postponeMail } from "./mail-store.ts";
import { type Mailer, MailRefusedError } from "./mailer.ts";
import { type Kind, TEMPLATES, type TemplateName } from "./templates.ts";

const AT_ONCE = 10;
/** Longer than a mail server may take, so that nobody else takes up what is on its way. */
const LEASE_MS = 120_000;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 3_600_000;
const MAX_ERROR = 500;

/** What sending depends on. */
export type Post = { sql: Sql; mailer: Mailer; publicUrl: URL; logger: Pick<Logger, "warn"> };

/**
 * Sends the mails that are due, and goes on while there are more. One that fails waits, twice as long each time, until it
 * expires. Whoever dies between sending and noting it makes a mail come twice, with the same Message-ID.
 */
export async function sendMails(post: Post): Promise<void> {
  for (;;) {
    const mails = await claimMails(post.sql, { limit: AT_ONCE, leaseMs: LEASE_MS });
    await Promise.all(mails.map((mail) => sendOne(post, mail)));
    if (mails.length < AT_ONCE) return;
  }
}

async function sendOne(post: Post, mail: MailRow): Promise<void> {
  const { sql, logger } = post;
  const mailId = mail.mail_id;
  if (mail.expired) return endMail(sql, { mailId, state: "expired" });
  try {
    await deliver(post, mail);
  } catch (cause) {
    const error = (cause instanceof Error ? cause.message : String(cause)).slice(0, MAX_ERROR);
    // Neither the address nor what the mail says belongs into a log.
    logger.warn({ mailId, template: mail.template, attempts: mail.attempts }, "a mail could not be sent");
    if (cause instanceof MailRefusedError) return endMail(sql, { mailId, state: "failed", error });
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(mail.attempts - 1, 16), LONGEST_WAIT_MS);
    await postponeMail(sql, { mailId, waitMs, error });
  }
}

async function deliver({ sql, mailer, publicUrl }: Post, mail: MailRow): Promise<void> {
  const mailId = mail.mail_id;
  const known = letterOf(mail);
  if (known === null) throw new MailRefusedError(`there is no template ${mail.template}`);
  const { kind, letter } = known;
  if (kind !== "security" && mail.unwanted.includes(kind)) return endMail(sql, { mailId, state: "unwanted" });
  const unsubscribeUrl = kind === "security" ? null : unsubscribePage(publicUrl, mail.unsubscribe_token);
  const footer = { publicUrl, unsubscribeUrl };
  const text = writeText(letter, footer);
  const html = writeHtml(letter, footer);
  await mailer.send({ id: mailId, to: mail.address, subject: letter.subject, text, html, unsubscribeUrl });
  await endMail(sql, { mailId, state: "sent" });
}

/** Null for a template that this version does not have. */
function letterOf({ template, data }: MailRow): { kind: Kind; letter: Letter } | null {
  if (!Object.hasOwn(TEMPLATES, template)) return null;
  const { kind, write } = TEMPLATES[template as TemplateName];
  return { kind, letter: (write as (data: object) => Letter)(data) };
}

const unsubscribePage = (publicUrl: URL, token: string): string =>
  new URL(`/api/notifications/unsubscribe/${token}`, publicUrl).href;
