import { Type } from "typebox";
import { isReferralCode } from "../../auth/referral-store.ts";
import { readTouch, writeTouch } from "../../auth/referral-touch.ts";
import { partOf, readReferrals } from "../../referrals/read-referrals.ts";
import { Limit, Moment, Money, Nullable, Problem, SMALL_BODY_BYTES, usdOfMicro, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf, REFERRAL_COOKIE, SESSION_COOKIE } from "../session.ts";

const tags = ["Referrals"];

const Person = Type.Object({
  id: Type.String({ description: "A pseudonym: the same person has the same one here." }),
  since: Moment,
  endedAt: Nullable(
    Type.String({ ...Moment, description: "It turned out that the same people are behind both accounts." }),
  ),
  gross: Type.String({ ...Money, description: "Paid by them in settled batches." }),
  earned: Type.String({ ...Money, description: "Your 1 % of it." }),
});

const Referrals = Type.Object({
  link: Type.String({ description: "Whoever follows it and signs up within `days` was brought by you." }),
  code: Type.String(),
  days: Type.Integer(),
  count: Type.Integer({ description: "People whom your link has brought, in all." }),
  unsettled: Type.String({ ...Money, description: "What they have used and no batch has settled yet." }),
  gross: Type.String({ ...Money, description: "What they have paid in settled batches." }),
  earned: Type.String({ ...Money, description: "1 % of it, in the same batches: part of your earnings." }),
  waiting: Type.String({
    ...Money,
    description: "Gross that a later batch takes: your account is not open in the contract, or the batch had no room.",
  }),
  paid: Type.String({ ...Money, description: "What has left your earnings of it, in proportion to all of them." }),
  people: Type.Array(Person),
});

/** Links, and what comes of them. */
export function referralRoutes(app: Routes, services: Services): void {
  const { config, sql } = services;
  app.get(
    "/api/referrals",
    {
      schema: {
        tags,
        summary: "Your link, whom it has brought, newest first, and your 1 % of what they pay",
        querystring: Limit,
        response: { 200: Referrals, 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "earnings");
      const referrals = await readReferrals(sql, { accountId, limit: request.query.limit });
      return {
        link: new URL(`/r/${referrals.code}`, config.publicUrl).href,
        code: referrals.code,
        days: config.referralDays,
        count: referrals.count,
        unsettled: usdOfNano(referrals.unsettled),
        gross: usdOfNano(referrals.gross),
        earned: usdOfNano(referrals.earned),
        waiting: usdOfNano(referrals.carried),
        paid: usdOfNano(referrals.paid),
        people: referrals.people.map((person) => ({
          id: person.pseudonym,
          since: person.referred_at.toISOString(),
          endedAt: person.ended_at?.toISOString() ?? null,
          gross: usdOfMicro(person.gross_micro),
          earned: usdOfNano(partOf(person.gross_micro)),
        })),
      };
    },
  );

  app.post(
    "/api/referrals/visits",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "A browser has followed a referrer's link",
        description: "It keeps the first one. Whoever is signed in is not new, and keeps none.",
        body: Type.Object({ code: Type.String({ minLength: 1, maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { code } = request.body;
      const now = new Date();
      const days = config.referralDays;
      const isFirst = readTouch(request.cookies[REFERRAL_COOKIE], { now, days }) === null;
      const isNew = request.cookies[SESSION_COOKIE] === undefined;
      if (isFirst && isNew && (await isReferralCode(sql, code))) {
        void reply.setCookie(REFERRAL_COOKIE, writeTouch({ code, touchedAt: now }), {
          path: "/api",
          httpOnly: true,
          sameSite: "lax",
          secure: config.publicUrl.protocol === "https:",
          maxAge: days * 86_400,
        });
      }
      return reply.code(204).send(null);
    },
  );
}
