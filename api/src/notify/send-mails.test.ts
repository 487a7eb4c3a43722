import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type MailServer, startMailServer } from "../../../scripts/mail-server.ts";
import type { Sql } from "../db/types.ts";
import { newId } from "../ids.ts";
import { testDatabase } from "../testing/database.ts";
import { writeHtml, writeText } from "./letter.ts";
import { setWanted, trimMails } from "./mail-store.ts";
import { type Mailer, openMailer } from "./mailer.ts";
import { type Mail, queueMail } from "./queue-mail.ts";
import { sendMails } from "./send-mails.ts";
import { TEMPLATES, type TemplateName } from "./templates.ts";

const PUBLIC_URL = new URL("https://infr.example");
const FROM = "infr <no-reply@infr.example>";
const quiet = { warn: () => {} };
let sql: Sql;
let drop: () => Promise<void>;
let server: MailServer;
let mailer: Mailer;
/** What recipients are refused with. */
const refusals = new Map<string, number>();

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  server = await startMailServer({ refuse: (recipient) => refusals.get(recipient) ?? null });
  mailer = openMailer({ smtpUrl: `smtp://127.0.0.1:${server.port}`, from: FROM });
});
afterEach(async () => {
  refusals.clear();
  server.mails.length = 0;
  await sql`delete from mails`;
});
afterAll(async () => {
  mailer.close();
  await server.close();
  await drop();
});

const send = () => sendMails({ sql, mailer, publicUrl: PUBLIC_URL, logger: quiet });
const queue = <Name extends TemplateName>(mail: Mail<Name>) => sql.begin((tx) => queueMail(tx, mail));
const code = (email: string, cause = newId("event")) =>
  queue({ cause, to: { email }, template: "sign_in_code", data: { code: "12345678" } });
const changed = { what: "wallet", address: "0x1", how: "added" } as const;
const rows = () => sql`select state, attempts, data, error from mails order by address`;

async function newUser(addresses: string[]): Promise<string> {
  const userId = newId("user");
  await sql`insert into users (user_id) values (${userId})`;
  for (const address of addresses) {
    await sql`insert into emails (email_id, user_id, address) values (${newId("email")}, ${userId}, ${address})`;
  }
  return userId;
}

describe("sendMails", () => {
  test("default: a mail arrives as text and HTML, and what it said is forgotten", async () => {
    await code("ann@example.com");
    await send();
    const [mail] = server.mails;
    expect(mail).toMatchObject({
      to: ["ann@example.com"],
      from: "no-reply@infr.example",
      subject: "Your sign-in code",
    });
    expect(mail?.text).toContain("12345678");
    expect(mail?.html).toContain("12345678");
    expect(mail?.headers["list-unsubscribe"]).toBeUndefined();
    expect(await rows()).toMatchObject([{ state: "sent", data: {} }]);
  });

  test("behavior: of a cause that is queued ten times at once there is one mail, and two workers send it once", async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => code(i % 2 ? "Ann@example.com" : "ann@example.com", "once")),
    );
    await Promise.all([send(), send(), send()]);
    expect(server.mails).toHaveLength(1);
    await code("ann@example.com", "once");
    await send();
    expect(server.mails).toHaveLength(1);
  });

  test("behavior: a hundred mails, three workers, each mail once", async () => {
    for (let i = 0; i < 100; i++) await code(`user${i}@example.com`);
    await Promise.all([send(), send(), send()]);
    expect(new Set(server.mails.map(({ to }) => to[0])).size).toBe(100);
    expect(server.mails).toHaveLength(100);
  });

  test("behavior: what is rolled back is not sent", async () => {
    await sql
      .begin(async (tx) => {
        await queueMail(tx, {
          cause: "x",
          to: { email: "a@example.com" },
          template: "sign_in_code",
          data: { code: "1" },
        });
        throw new Error("no");
      })
      .catch(() => {});
    await send();
    expect(server.mails).toHaveLength(0);
  });

  test("behavior: a temporary refusal is tried again, later each time, with the same Message-ID", async () => {
    await code("later@example.com");
    refusals.set("later@example.com", 451);
    await send();
    await send();
    expect(await rows()).toMatchObject([{ state: "queued", attempts: 1 }]);
    const waits = [];
    for (let i = 0; i < 3; i++) {
      await sql`update mails set next_attempt_at = now()`;
      await send();
      const [row] = await sql`select round(extract(epoch from next_attempt_at - now()) / 5) * 5 as wait from mails`;
      waits.push(Number(row?.["wait"]));
    }
    expect(waits).toEqual([10, 20, 40]);
    refusals.clear();
    await sql`update mails set next_attempt_at = now()`;
    await send();
    expect(server.mails).toHaveLength(1);
    const [row] = await sql`select mail_id from mails`;
    expect(server.mails[0]?.id).toBe(`<${row?.["mail_id"]}@infr.example>`);
  });

  test("error: what the server refuses for good is not tried again", async () => {
    await code("nobody@example.com");
    refusals.set("nobody@example.com", 550);
    await send();
    expect(await rows()).toMatchObject([{ state: "failed", attempts: 1, data: {} }]);
  });

  test("error: with no server mails wait; what has expired is not sent", async () => {
    const nowhere = openMailer({ smtpUrl: "smtp://127.0.0.1:1", from: FROM });
    await code("wait@example.com");
    await sendMails({ sql, mailer: nowhere, publicUrl: PUBLIC_URL, logger: quiet });
    nowhere.close();
    expect(await rows()).toMatchObject([{ state: "queued", attempts: 1 }]);
    await sql`update mails set next_attempt_at = now(), expires_at = now()`;
    await send();
    expect(await rows()).toMatchObject([{ state: "expired", data: {} }]);
    expect(server.mails).toHaveLength(0);
  });

  test("behavior: what waits where there is no mail server expires, and its content with it", async () => {
    await code("wait@example.com");
    await trimMails(sql);
    expect(await rows()).toMatchObject([{ state: "queued" }]);
    await sql`update mails set expires_at = now() - interval '1 second'`;
    await trimMails(sql);
    expect(await rows()).toMatchObject([{ state: "expired", data: {} }]);
  });

  test("behavior: a user gets mails about security at all his addresses", async () => {
    const userId = await newUser(["first@example.com", "second@example.com"]);
    expect(await queue({ cause: "c", to: { userId }, template: "way_in_changed", data: changed })).toBe(2);
  });

  test("behavior: an account's mails go to those who look after it", async () => {
    const roles = { owner: "o@example.com", admin: "a@example.com", billing: "b@example.com", member: "m@example.com" };
    for (const [role, address] of Object.entries(roles)) {
      const userId = await newUser([address]);
      await sql`insert into account_members (account_id, user_id, role) values ('acct_platform', ${userId}, ${role})`;
    }
    await queue({ cause: "c", to: { accountId: "acct_platform" }, template: "way_in_changed", data: changed });
    await send();
    const told = server.mails.map(({ to }) => to[0]);
    expect(new Set(told)).toEqual(new Set(["a@example.com", "b@example.com", "o@example.com"]));
  });

  test("behavior: mails about security can't be ended", async () => {
    await setWanted(sql, { addresses: ["Ann@example.com"], kind: "security", wanted: false });
    await code("ann@example.com");
    await send();
    expect(server.mails).toHaveLength(1);
  });

  test("behavior: who sets a mail's content can't add headers, recipients or HTML", async () => {
    const nasty = "0x1\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>";
    const data = { what: "wallet", address: nasty, how: "added" } as const;
    await queue({ cause: "c", to: { email: "ann@example.com" }, template: "way_in_changed", data });
    await send();
    expect(server.mails).toMatchObject([{ to: ["ann@example.com"] }]);
    expect(server.mails[0]?.headers["bcc"]).toBeUndefined();
    expect(server.mails[0]?.html).not.toContain("<script>");
  });

  test("behavior: logs name neither address nor content", async () => {
    await code("secret@example.com");
    refusals.set("secret@example.com", 550);
    const said: unknown[] = [];
    await sendMails({
      sql,
      mailer,
      publicUrl: PUBLIC_URL,
      logger: { warn: (...words: unknown[]) => said.push(words) },
    });
    expect(said).toHaveLength(1);
    expect(JSON.stringify(said)).not.toMatch(/secret@example|12345678/);
  });
});

describe("letters", () => {
  test("default: a page to go to and the way to end mails are in both forms", () => {
    const { write } = TEMPLATES.way_in_changed;
    const footer = { publicUrl: PUBLIC_URL, unsubscribeUrl: "https://infr.example/u/1" };
    for (const text of [writeText(write(changed), footer), writeHtml(write(changed), footer)]) {
      expect(text).toContain("https://infr.example/settings");
      expect(text).toContain("https://infr.example/u/1");
    }
  });
});
