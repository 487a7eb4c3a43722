import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Sql } from "../db/types.ts";
import { deliverWebhooks } from "../notify/deliver-webhooks.ts";
import { trimMails } from "../notify/mail-store.ts";
import { openMailer } from "../notify/mailer.ts";
import { trimPushes } from "../notify/push-store.ts";
import { sendMails } from "../notify/send-mails.ts";
import { sendPushes } from "../notify/send-pushes.ts";
import { warnBalances } from "../notify/warn-balances.ts";
import { trimEvents } from "../notify/webhook-store.ts";
import { openOutboundAgent } from "../outbound/post.ts";
import type { Job } from "./loop.ts";

const SEND_MS = 500;
const WARN_MS = 5_000;
const TRIM_MS = 3_600_000;

type Notices = { jobs: Job[]; close: () => Promise<void> };

/** What the worker does so that people and their programs are told. What is not configured is said once, and left out. */
export function openNotices({ sql, config, logger }: { sql: Sql; config: Config; logger: Logger }): Notices {
  const { smtpUrl, mailFrom: from, publicUrl, vapid } = config;
  const mailer = smtpUrl === "" ? null : openMailer({ smtpUrl, from });
  const agent = openOutboundAgent({ allowPrivate: config.allowPrivateNodes });
  if (mailer === null) logger.warn("SMTP_URL is not set: mails, sign-in codes among them, wait and expire");
  const jobs: Job[] = [
    { name: "warn of low balances", everyMs: WARN_MS, run: () => warnBalances(sql, config.warnings) },
    { name: "deliver webhooks", everyMs: SEND_MS, run: () => deliverWebhooks({ sql, agent }) },
    { name: "trim notices", everyMs: TRIM_MS, run: () => trim(sql) },
  ];
  if (mailer)
    jobs.push({ name: "send mails", everyMs: SEND_MS, run: () => sendMails({ sql, mailer, publicUrl, logger }) });
  if (vapid) jobs.push({ name: "send pushes", everyMs: SEND_MS, run: () => sendPushes({ sql, agent, vapid }) });
  return {
    jobs,
    close: async () => {
      mailer?.close();
      await agent.close();
    },
  };
}

async function trim(sql: Sql): Promise<void> {
  await trimMails(sql);
  await trimEvents(sql);
  await trimPushes(sql);
}
