import type { FastifyReply, FastifyRequest } from "fastify";
import { readAdmin } from "../auth/admins.ts";
import type { Manager } from "../auth/manage-keys.ts";
import { readTouch } from "../auth/referral-touch.ts";
import { type Actor, type Referral, readActor, readSession, SESSION_MS, type Session } from "../auth/sessions.ts";
import { demand, type Permission } from "../roles.ts";
import { failedKeysOf } from "./rate-limits.ts";
import type { Services } from "./services.ts";

export const SESSION_COOKIE = "infr_session";
/** The first link of a referrer that this browser followed, as `writeTouch` writes it. */
export const REFERRAL_COOKIE = "infr_ref";

/** Names the account that a request of somebody signed in is for. Without it, it is the one that his session is in. */
const ACCOUNT_HEADER = "infr-account";

/** Who is signed in, for what is about him and no account. @throws SignedOutError */
export const sessionOf = (
  { sql }: Services,
  request: FastifyRequest,
): Promise<{ userId: string; wallet: string | null }> => readSession(sql, request.cookies[SESSION_COOKIE]);

/**
 * Who acts, for which account, and that his role there allows it: the one place where that is decided for a session.
 * @throws SignedOutError, RoleNeededError; NotFoundError for an account that is not his
 */
export async function actorOf(services: Services, request: FastifyRequest, permission: Permission): Promise<Actor> {
  const named = request.headers[ACCOUNT_HEADER];
  return mustAct(services, request, { accountId: typeof named === "string" ? named : null, permission });
}

/** The same for a team that the path names. */
export const doerOf = (
  services: Services,
  request: FastifyRequest<{ Params: { id: string } }>,
  permission: Permission,
): Promise<Actor> => mustAct(services, request, { accountId: request.params.id, permission });

/** The same for an account that something else of the request names; null: the session's. */
export async function mustAct(
  { sql }: Services,
  request: FastifyRequest,
  { accountId, permission }: { accountId: string | null; permission: Permission },
): Promise<Actor> {
  const actor = await readActor(sql, { token: request.cookies[SESSION_COOKIE], accountId });
  demand(actor.role, permission);
  return actor;
}

/**
 * Who manages: somebody signed in, or a management key, which can do no more than its maker.
 * @throws SignedOutError, InvalidKeyError, WrongKeyKindError, RoleNeededError
 */
export async function managerOf(services: Services, request: FastifyRequest, permission: Permission): Promise<Manager> {
  const { authorization } = request.headers;
  if (authorization === undefined) return { ...(await actorOf(services, request, permission)), by: "session" };
  const owner = await services.keyRing.authenticateManager(authorization, failedKeysOf(request));
  demand(owner.role, permission);
  return { ...owner, by: "key" };
}

/** Through whose link somebody came who is about to sign in. */
export function referralOf({ config }: Services, request: FastifyRequest): Referral | null {
  const days = config.referralDays;
  const touch = readTouch(request.cookies[REFERRAL_COOKIE], { now: new Date(), days });
  return touch && { touch, days };
}

/** An administrator of the platform. @throws SignedOutError, NotAdminError */
export const adminOf = ({ sql, config }: Services, request: FastifyRequest): Promise<Session> =>
  readAdmin(sql, { token: request.cookies[SESSION_COOKIE], adminWallets: config.adminWallets });

/** Scripts can't read the cookie and other sites can't send it; over https it never travels in the clear. */
export function setSession(reply: FastifyReply, { token, secure }: { token: string; secure: boolean }): void {
  void reply.setCookie(SESSION_COOKIE, token, {
    path: "/",
    httpOnly: true,
    sameSite: "lax",
    secure,
    maxAge: SESSION_MS / 1000,
  });
}
