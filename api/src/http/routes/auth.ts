import { Type } from "typebox";
import { closeSession, openSession } from "../../auth/sessions.ts";
import { giveNonce, verifySignIn } from "../../auth/siwe.ts";
import { type AccountRow, accountById } from "../../auth/store.ts";
import { NotFoundError } from "../../errors.ts";
import { Account, Bytes, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { SESSION_COOKIE, sessionOf, setSession } from "../session.ts";

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
        response: { 200: Type.Object({ account: Account }), 401: Problem },
      },
    },
    async ({ body }, reply) => {
      const signature = body.signature as `0x${string}`;
      const owner = await verifySignIn(services.signIn, { message: body.message, signature });
      const { token, session } = await openSession(services.sql, owner);
      setSession(reply, { token, secure: services.config.publicUrl.protocol === "https:" });
      return { account: await readAccount(services, session.accountId) };
    },
  );

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
      const { accountId } = await sessionOf(services, request);
      return { account: await readAccount(services, accountId) };
    },
  );
}

async function readAccount({ sql }: Services, accountId: string) {
  const row = await accountById(sql, accountId);
  if (!row) throw new NotFoundError("account");
  return shapeAccount(row);
}

const shapeAccount = (row: AccountRow) => ({
  id: row.account_id,
  owner: row.owner,
  ref: row.ref,
  chainAccount: row.chain_account === null ? null : Number(row.chain_account),
  createdAt: row.created_at.toISOString(),
});
