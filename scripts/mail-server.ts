import type { AddressInfo } from "node:net";
import { callbackify } from "node:util";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";

/** A mail as it was received, newest first in lists. */
export interface ReceivedMail {
  id: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  receivedAt: string;
}

export interface MailServer {
  port: number;
  /** Newest first, the last 500. */
  mails: ReceivedMail[];
  close: () => Promise<void>;
}

const KEPT = 500;

/**
 * A real SMTP server that delivers to nobody and keeps what it gets in memory, for development and tests.
 * @param refuse answers the code with which a recipient is refused, or null
 */
export async function startMailServer({
  port = 0,
  refuse = () => null,
}: {
  port?: number;
  refuse?: (recipient: string) => number | null;
} = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const keep = callbackify(async (raw: Buffer, to: string[]): Promise<void> => {
    mails.unshift(await read(raw, to));
    mails.length = Math.min(mails.length, KEPT);
  });
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    onRcptTo: ({ address }, _session, done) => {
      const code = refuse(address);
      done(code === null ? null : Object.assign(new Error("refused"), { responseCode: code }));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        keep(Buffer.concat(chunks), to, (error) => done(error));
      });
    },
  });
  // A client that hangs up is no reason to end.
  server.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function read(raw: Buffer, to: string[]): Promise<ReceivedMail> {
  const mail = await PostalMime.parse(raw);
  return {
    id: mail.messageId ?? "",
    from: mail.from?.address ?? "",
    to,
    subject: mail.subject ?? "",
    text: (mail.text ?? "").trim(),
    html: mail.html ?? "",
    headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
    receivedAt: new Date().toISOString(),
  };
}
