import { Type } from "typebox";
import { sendCode } from "../../auth/email-codes.ts";
import { closeSession, openSession, openSessionByEmail } from "../../auth/sessions.ts";
import { giveNonce, verifySignIn } from "../../auth/siwe.ts";
import { refuseAtSignIn } from "../../screening/screen-wallet.ts";
import { readAccount } from "../read-account.ts";
import { Account, Bytes, Challenge, CodeProof, EmailAddress, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf, referralOf, SESSION_COOKIE, setSession } from "../session.ts";

const tags = ["Sign-in"];

export function authRoutes(app: Routes, services: Services): void {
  app.post(
    "/api/auth/nonce",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "A nonce for one sign-in, good for ten minutes",
        response: { 200: Type.Object({ nonce: Type.String() }) },
      },
    },
    async () => ({ nonce: await giveNonce(services.sql) }),
  );

  app.post(
    "/api/auth/verify",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Sign in with a signed EIP-4361 message",
        body: Type.Object({ message: Type.String({ minLength: 1, maxLength: 4_000 }), signature: Bytes }),
        response: { 200: Type.Object({ account: Account }), 401: Problem, 403: Problem },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const signature = body.signature as `0x${string}`;
      const owner = await verifySignIn(services.signIn, { message: body.message, signature });
      await refuseAtSignIn(services, owner);
      const { token, session } = await openSession(services.sql, owner, referralOf(services, request));
      setSession(reply, { token, secure: services.config.publicUrl.protocol === "https:" });
      return { account: await readAccount(services, session.accountId) };
    },
  );

  emailRoutes(app, services);

  app.post(
    "/api/auth/logout",
    { bodyLimit: SMALL_BODY_BYTES, schema: { tags, summary: "End this session", response: { 204: Type.Null() } } },
    async (request, reply) => {
      await closeSession(services.sql, request.cookies[SESSION_COOKIE]);
      return reply.clearCookie(SESSION_COOKIE, { path: "/" }).code(204).send(null);
    },
  );

  app.get(
    "/api/account",
    {
      schema: {
        tags,
        summary: "The account you are signed in to",
        response: { 200: Type.Object({ account: Account }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "account");
      return { account: await readAccount(services, accountId) };
    },
  );
}

/** For those without a wallet. */
function emailRoutes(app: Routes, services: Services): void {
  app.post(
    "/api/auth/email",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Send a sign-in code to an e-mail address",
        description:
          "The code counts with the challenge in this answer, for ten minutes, once. The answer is the same whether or not anybody knows the address.",
        body: Type.Object({ email: EmailAddress }),
        response: { 202: Challenge, 400: Problem, 422: Problem, 429: Problem },
      },
    },
    async ({ body, ip }, reply) => {
      const { challenge, expiresAt } = await sendCode(services, { email: body.email, ip });
      return reply.code(202).send({ challenge, expiresAt: expiresAt.toISOString() });
    },
  );

  app.post(
    "/api/auth/email/verify",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Sign in with the code from the e-mail",
        body: CodeProof,
        response: { 200: Type.Object({ account: Account }), 401: Problem, 422: Problem, 429: Problem },
      },
    },
    async (request, reply) => {
      const proven = { proof: request.body, ip: request.ip, referral: referralOf(services, request) };
      const { token, session } = await openSessionByEmail(services, proven);
      setSession(reply, { token, secure: services.config.publicUrl.protocol === "https:" });
      return { account: await readAccount(services, session.accountId) };
    },
  );
}
