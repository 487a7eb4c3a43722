import type { FastifyReply, FastifyRequest } from "fastify";
import { readAdmin } from "../auth/admins.ts";
import type { Manager } from "../auth/manage-keys.ts";
import { readTouch } from "../auth/referral-touch.ts";
import { type Referral, readSession, SESSION_MS, type Session } from "../auth/sessions.ts";
import { failedKeysOf } from "./rate-limits.ts";
import type { Services } from "./services.ts";

export const SESSION_COOKIE = "infr_session";
/** The first link of a referrer that this browser followed, as `writeTouch` writes it. */
export const REFERRAL_COOKIE = "infr_ref";

/** Who is signed in. @throws SignedOutError */
export const sessionOf = ({ sql }: Services, request: FastifyRequest): Promise<Session> =>
  readSession(sql, request.cookies[SESSION_COOKIE]);

/** Who manages: somebody signed in, or a management key. @throws SignedOutError, InvalidKeyError, WrongKeyKindError */
export async function managerOf(services: Services, request: FastifyRequest): Promise<Manager> {
  const { authorization } = request.headers;
  return authorization === undefined
    ? { ...(await sessionOf(services, request)), by: "session" }
    : { ...(await services.keyRing.authenticateManager(authorization, failedKeysOf(request))), by: "key" };
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
