import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { type MailServer, type ReceivedMail, startMailServer } from "../mail-server.ts";

/** The mails of the local stack: an SMTP server, and a page that shows what it got. */
const { values } = parseArgs({ options: { "smtp-port": { type: "string" }, port: { type: "string" } } });
const server = await startMailServer({ port: Number(values["smtp-port"] ?? 0) });
const view = createServer((request, response) => {
  const { status, type, body } = answer(server, new URL(request.url ?? "/", "http://mail"));
  // Mails hold what anybody wrote: no scripts, nothing from elsewhere.
  response.writeHead(status, {
    "content-type": type,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'",
  });
  response.end(body);
});
view.listen(Number(values.port ?? 0), "127.0.0.1");
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    view.close();
    view.closeAllConnections();
    void server.close();
  });
}

/** `/` lists, `/mails` gives JSON (`?to=` one recipient's), `/mails/0` shows the newest as HTML. */
function answer({ mails }: MailServer, url: URL): { status: number; type: string; body: string } {
  const html = "text/html; charset=utf-8";
  if (url.pathname === "/") return { status: 200, type: html, body: page(mails) };
  const to = url.searchParams.get("to")?.toLowerCase();
  if (url.pathname === "/mails") {
    const found = to === undefined ? mails : mails.filter((mail) => mail.to.some((one) => one.toLowerCase() === to));
    return { status: 200, type: "application/json", body: JSON.stringify(found) };
  }
  const mail = mails.find(({ id }) => url.pathname === `/mails/${encodeURIComponent(id)}`);
  return mail
    ? { status: 200, type: html, body: mail.html }
    : { status: 404, type: "text/plain", body: "No such mail." };
}

function page(mails: readonly ReceivedMail[]): string {
  const rows = mails.map(
    ({ id, to, subject, text, receivedAt }) =>
      `<details><summary>${escape(receivedAt.slice(11, 19))} <b>${escape(subject)}</b> to ${escape(to.join(", "))} · <a href="/mails/${encodeURIComponent(id)}">HTML</a></summary><pre>${escape(text)}</pre></details>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mails</title><style>body{font:15px/1.5 sans-serif;margin:24px;max-width:800px}pre{white-space:pre-wrap;background:#8881;padding:12px}</style></head><body><h1>Mails of this stack</h1>${rows.join("") || "<p>None yet. Reload when one was sent.</p>"}</body></html>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
