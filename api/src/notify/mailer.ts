import nodemailer from "nodemailer";

const CONNECTIONS = 4;
const CONNECT_MS = 10_000;
const SOCKET_MS = 30_000;

/** The mail server will not take this mail, however often it is sent (SMTP 5xx). */
export class MailRefusedError extends Error {
  override readonly name = "MailRefusedError";
}

/** A mail as it leaves. */
export type OutgoingMail = {
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** Where a single POST ends mails of this kind (RFC 8058); null where they can't be ended. */
  unsubscribeUrl: string | null;
};

export type Mailer = { send: (mail: OutgoingMail) => Promise<void>; close: () => void };

/** Sends through a mail server: `smtp://user:password@host:587?requireTLS=true`, or `smtps://…:465`. */
export function openMailer({ smtpUrl, from }: { smtpUrl: string; from: string }): Mailer {
  const transport = nodemailer.createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: CONNECTIONS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SOCKET_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const host = /@([^>\s]+)>?\s*$/.exec(from)?.[1] ?? "localhost";
  return {
    send: async ({ id, to, unsubscribeUrl, ...mail }) => {
      try {
        await transport.sendMail({
          ...mail,
          // One address: as text it would be read as a list.
          to: { name: "", address: to },
          from,
          messageId: `<${id}@${host}>`,
          headers: {
            "Auto-Submitted": "auto-generated",
            ...(unsubscribeUrl === null
              ? {}
              : {
                  "List-Unsubscribe": `<${unsubscribeUrl}>`,
                  "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                }),
          },
        });
      } catch (error) {
        if (isFinal(error)) throw new MailRefusedError(error.message, { cause: error });
        throw error;
      }
    },
    close: () => transport.close(),
  };
}

/** Of the mail itself: a server that refuses us, rather than the mail, is worth another try. */
function isFinal(error: unknown): error is Error {
  const { responseCode, command } = error as { responseCode?: number; command?: string };
  return (
    error instanceof Error &&
    responseCode !== undefined &&
    responseCode >= 500 &&
    ["MAIL FROM", "RCPT TO", "DATA"].includes(command ?? "")
  );
}
