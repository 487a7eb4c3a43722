import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { membershipsOf } from "../../auth/accounts-store.ts";
import { isAdmin } from "../../auth/admins.ts";
import { sendCode } from "../../auth/email-codes.ts";
import { waysIn as readWaysIn } from "../../auth/people-store.ts";
import { type SignedIn, switchAccount } from "../../auth/sessions.ts";
import { verifySignIn } from "../../auth/siwe.ts";
import { linkEmail, linkWallet, unlinkEmail, unlinkWallet } from "../../auth/ways-in.ts";
import { PERMISSIONS, type Permission, permissionsOf, ROLES } from "../../roles.ts";
import { refuseAtSignIn } from "../../screening/screen-wallet.ts";
import { readAccount } from "../read-account.ts";
import {
  Account,
  Address,
  Bytes,
  Challenge,
  CodeProof,
  EmailAddress,
  Id,
  Moment,
  Nullable,
  Problem,
  SMALL_BODY_BYTES,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf, SESSION_COOKIE, sessionOf } from "../session.ts";

const tags = ["You"];

const Me = Type.Object({
  id: Type.String({ description: "user_…" }),
  admin: Type.Boolean({ description: "Signed in with a wallet of the platform's administrators." }),
  wallets: Type.Array(Type.Object({ address: Address, linkedAt: Moment })),
  emails: Type.Array(Type.Object({ id: Type.String(), address: Type.String(), verifiedAt: Moment })),
  accounts: Type.Array(
    Type.Object({
      id: Type.String(),
      kind: Type.Enum(["personal", "team"]),
      name: Nullable(Type.String({ description: "Of a team." })),
      role: Type.Enum([...ROLES]),
      may: Type.Array(Type.Enum(Object.keys(PERMISSIONS) as Permission[]), { description: "What your role allows." }),
      custodial: Type.Boolean(),
      chainAccount: Nullable(Type.Integer()),
      current: Type.Boolean({ description: "This request is for it." }),
    }),
  ),
});

/** Who you are: wallets and e-mail addresses that all lead to the same user, and the accounts he belongs to. */
export function meRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/me",
    { schema: { tags, summary: "You, how you can sign in, and your accounts", response: { 200: Me, 401: Problem } } },
    async (request) => readMe(services, await whoIs(services, request)),
  );

  app.post(
    "/api/me/account",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Go on in another of your accounts, in this session",
        body: Type.Object({ accountId: Id }),
        response: { 200: Type.Object({ account: Account }), 400: Problem, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { userId } = await sessionOf(services, request);
      const { accountId } = request.body;
      const token = request.cookies[SESSION_COOKIE] ?? "";
      await switchAccount(services.sql, { token, session: { userId, accountId } });
      return { account: await readAccount(services, accountId) };
    },
  );
  walletRoutes(app, services);
  emailRoutes(app, services);
}

function walletRoutes(app: Routes, services: Services): void {
  app.post(
    "/api/me/wallets",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Link a wallet: sign in with it from now on, too",
        description: "Sign an EIP-4361 message with it, as for signing in, with a nonce of /api/auth/nonce.",
        body: Type.Object({ message: Type.String({ minLength: 1, maxLength: 4_000 }), signature: Bytes }),
        response: { 200: Me, 401: Problem, 403: Problem, 409: Problem },
      },
    },
    async (request) => {
      const session = await whoIs(services, request);
      const signature = request.body.signature as `0x${string}`;
      const wallet = await verifySignIn(services.signIn, { message: request.body.message, signature });
      await refuseAtSignIn(services, wallet);
      await linkWallet(services.sql, { userId: session.userId, wallet });
      return readMe(services, session);
    },
  );

  app.delete(
    "/api/me/wallets/:address",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Unlink a wallet, and end your other sessions",
        params: Type.Object({ address: Address }),
        response: { 204: Type.Null(), 401: Problem, 404: Problem, 409: Problem },
      },
    },
    async (request, reply) => {
      const { userId } = await sessionOf(services, request);
      const wallet = request.params.address as `0x${string}`;
      await unlinkWallet(services.sql, { userId, wallet, token: request.cookies[SESSION_COOKIE] ?? "" });
      return reply.code(204).send(null);
    },
  );
}

function emailRoutes(app: Routes, services: Services): void {
  app.post(
    "/api/me/emails",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Send a code to an e-mail address that you want to link",
        body: Type.Object({ email: EmailAddress }),
        response: { 202: Challenge, 400: Problem, 401: Problem, 429: Problem },
      },
    },
    async (request, reply) => {
      const { userId } = await sessionOf(services, request);
      const asked = { email: request.body.email, linkTo: userId, ip: request.ip };
      const { challenge, expiresAt } = await sendCode(services, asked);
      return reply.code(202).send({ challenge, expiresAt: expiresAt.toISOString() });
    },
  );

  app.post(
    "/api/me/emails/verify",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Link an e-mail address with the code that was sent to it",
        body: CodeProof,
        response: { 200: Me, 401: Problem, 409: Problem, 429: Problem },
      },
    },
    async (request) => {
      const session = await whoIs(services, request);
      await linkEmail(services, { userId: session.userId, proof: request.body, ip: request.ip });
      return readMe(services, session);
    },
  );

  app.delete(
    "/api/me/emails/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Unlink an e-mail address, and end your other sessions",
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null(), 401: Problem, 404: Problem, 409: Problem },
      },
    },
    async (request, reply) => {
      const { userId } = await sessionOf(services, request);
      const token = request.cookies[SESSION_COOKIE] ?? "";
      await unlinkEmail(services.sql, { userId, emailId: request.params.id, token });
      return reply.code(204).send(null);
    },
  );
}

/** Who is signed in, for which account, and with which wallet. */
const whoIs = async (services: Services, request: FastifyRequest): Promise<SignedIn> => ({
  ...(await actorOf(services, request, "account")),
  wallet: (await sessionOf(services, request)).wallet,
});

async function readMe({ sql, config }: Services, { userId, accountId, wallet }: SignedIn) {
  const { wallets, emails } = await readWaysIn(sql, userId);
  const accounts = await membershipsOf(sql, userId);
  return {
    id: userId,
    admin: isAdmin({ wallet, adminWallets: config.adminWallets }),
    wallets: wallets.map((row) => ({ address: row.address, linkedAt: row.created_at.toISOString() })),
    emails: emails.map((row) => ({
      id: row.email_id,
      address: row.address,
      verifiedAt: row.verified_at.toISOString(),
    })),
    accounts: accounts.map((row) => ({
      id: row.account_id,
      kind: row.kind,
      name: row.name,
      role: row.role,
      may: permissionsOf(row.role),
      custodial: row.owner === config.custodianAddress,
      chainAccount: row.chain_account === null ? null : Number(row.chain_account),
      current: row.account_id === accountId,
    })),
  };
}
