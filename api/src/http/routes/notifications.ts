import { Type } from "typebox";
import { readMailKinds, setMailKind, stopMails } from "../../notify/preferences.ts";
import { KINDS } from "../../notify/templates.ts";
import { Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { sessionOf } from "../session.ts";

const tags = ["Notifications"];

const Kind = Type.Enum([...KINDS]);
const MailKinds = Type.Object({
  kinds: Type.Array(
    Type.Object({
      kind: Kind,
      wanted: Type.Boolean(),
      optional: Type.Boolean({ description: "Mails about security are always sent." }),
    }),
  ),
});
const token = Type.Object({ token: Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9_-]+$" }) });

/** Which mails somebody gets, and the link in each of them. */
export function notificationRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/notifications/mails",
    { schema: { tags, summary: "Which mails you get", response: { 200: MailKinds, 401: Problem } } },
    async (request) => {
      const { userId } = await sessionOf(services, request);
      return { kinds: await readMailKinds(services.sql, userId) };
    },
  );

  app.put(
    "/api/notifications/mails/:kind",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Choose whether you get a kind of mail, at all your addresses",
        params: Type.Object({ kind: Kind }),
        body: Type.Object({ wanted: Type.Boolean() }),
        response: { 200: MailKinds, 400: Problem, 401: Problem },
      },
    },
    async (request) => {
      const { userId } = await sessionOf(services, request);
      await setMailKind(services.sql, { userId, kind: request.params.kind, wanted: request.body.wanted });
      return { kinds: await readMailKinds(services.sql, userId) };
    },
  );
  unsubscribeRoutes(app, services);
}

/** Without signing in: the address need not be a user's. Looking at the page changes nothing, mail scanners do that. */
function unsubscribeRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/notifications/unsubscribe/:token",
    {
      schema: {
        tags,
        summary: "A page that asks whether mails of this kind shall end",
        params: token,
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("content-security-policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
        .header("referrer-policy", "no-referrer")
        .send(PAGE),
  );

  void app.register(async (scope) => {
    // What RFC 8058 has mail programs send, and the form of the page above: the token says it all.
    scope.addContentTypeParser(
      ["application/x-www-form-urlencoded", "multipart/form-data"],
      { parseAs: "string", bodyLimit: SMALL_BODY_BYTES },
      (_request, _body, done) => done(null, {}),
    );
    scope.post(
      "/api/notifications/unsubscribe/:token",
      {
        bodyLimit: SMALL_BODY_BYTES,
        schema: {
          tags,
          summary: "No more mails of the kind of the one with this link (RFC 8058)",
          params: token,
          response: { 200: Type.Object({ stopped: Type.Boolean() }), 404: Problem },
        },
      },
      async (request) => {
        await stopMails(services.sql, (request.params as { token: string }).token);
        return { stopped: true };
      },
    );
  });
}

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>No more mails of this kind</title></head><body><form method="post"><p>Shall mails of this kind no longer be sent to you? Those about the security of your sign-in still are.</p><button>Send no more of them</button></form></body></html>`;
