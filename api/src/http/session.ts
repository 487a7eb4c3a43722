import type { FastifyReply, FastifyRequest } from "fastify";
import { readSession, SESSION_MS, type Session } from "../auth/sessions.ts";
import type { Services } from "./services.ts";

export const SESSION_COOKIE = "infr_session";

/** Who is signed in. @throws SignedOutError */
export const sessionOf = ({ sql }: Services, request: FastifyRequest): Promise<Session> =>
  readSession(sql, request.cookies[SESSION_COOKIE]);

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
