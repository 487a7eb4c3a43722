import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MailServer, startMailServer } from "../../../scripts/mail-server.ts";
import { newId } from "../ids.ts";
import { type Mailer, openMailer } from "../notify/mailer.ts";
import { queueMail } from "../notify/queue-mail.ts";
import { sendMails } from "../notify/send-mails.ts";
import { startApi, type TestApi } from "../testing/api.ts";
import { askForCode, newEmailUser, signInWithCode } from "../testing/people.ts";

let api: TestApi;
let server: MailServer;
let mailer: Mailer;

beforeAll(async () => {
  api = await startApi();
  server = await startMailServer();
  mailer = openMailer({ smtpUrl: `smtp://127.0.0.1:${server.port}`, from: "a@example.com" });
});
afterAll(async () => {
  mailer.close();
  await server.close();
  await api.stop();
});

const send = () => sendMails({ sql: api.sql, mailer, publicUrl: new URL(api.origin), logger: { warn: () => {} } });
const warn = (email: string) =>
  api.sql.begin((tx) =>
    queueMail(tx, {
      cause: newId("event"),
      to: { email },
      template: "balance_low",
      data: { balance: "4", threshold: "5" },
    }),
  );
const mailsTo = (email: string) => server.mails.filter(({ to }) => to.includes(email));

describe("mails", () => {
  test("default: the code of a sign-in arrives, and lets in", async () => {
    const challenge = await askForCode(api, { email: "real@example.com" });
    await send();
    const code = /^\d{8}$/m.exec(mailsTo("real@example.com")[0]?.text ?? "")?.[0] ?? "";
    expect((await signInWithCode(api, { challenge, code: `${code.slice(0, 4)} ${code.slice(4)}` })).statusCode).toBe(
      200,
    );
  });

  test("behavior: one click ends a kind of mail (RFC 8058), looking at the page does not", async () => {
    const email = "reader@example.com";
    await warn(email);
    await send();
    const url = /^<(.+)>$/.exec(mailsTo(email)[0]?.headers["list-unsubscribe"] ?? "")?.[1] ?? "";
    const page = await fetch(url);
    expect(page.headers.get("content-type")).toContain("text/html");
    await warn(email);
    await send();
    expect(mailsTo(email)).toHaveLength(2);
    const body = new URLSearchParams({ "List-Unsubscribe": "One-Click" });
    expect((await fetch(url, { method: "POST", body })).status).toBe(200);
    await warn(email);
    await send();
    expect(mailsTo(email)).toHaveLength(2);
    expect(await api.sql`select from mails where address = ${email} and state = 'unwanted'`).toHaveLength(1);
  });

  test("behavior: a user chooses his kinds, but for security", async () => {
    const user = await newEmailUser(api, "chooser@example.com");
    const put = (kind: string, wanted: boolean) =>
      api.app.inject({
        method: "PUT",
        url: `/api/notifications/mails/${kind}`,
        headers: { cookie: user.cookie },
        payload: { wanted },
      });
    const answer = await put("balance", false);
    expect(answer.json()).toMatchObject({
      kinds: expect.arrayContaining([
        { kind: "balance", wanted: false, optional: true },
        { kind: "credit", wanted: true, optional: true },
        { kind: "security", wanted: true, optional: false },
      ]),
    });
    await warn("Chooser@Example.com");
    await send();
    expect(server.mails.filter(({ subject }) => subject.includes("$5"))).toHaveLength(2);
    await put("balance", true);
    await warn("chooser@example.com");
    await send();
    expect(mailsTo("chooser@example.com").some(({ subject }) => subject.includes("$5"))).toBe(true);
    expect((await put("security", false)).statusCode).toBe(400);
  });
});
