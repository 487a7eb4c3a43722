import { Type } from "typebox";
import { limitSubject, readLimitsFor } from "../../auth/limit-subject.ts";
import { NotFoundError } from "../../errors.ts";
import { readLimits, removeLimit, setLimit } from "../../ledger/limits.ts";
import { LimitState, Period, Scope, shapeLimit } from "../limit-shapes.ts";
import { Amount, MANAGED, Problem, readAmount, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { managerOf } from "../session.ts";

const tags = ["Limits"];
const SubjectId = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$",
  description: "Id of the account, member or key, or the project's name.",
});
const params = Type.Object({ scope: Scope, subjectId: SubjectId, period: Period });
const problems = { 400: Problem, 401: Problem, 403: Problem };

/** What may be spent in a window: by the account, one of its people, a project or a key. */
export function limitRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/limits",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "Your limits, with what is spent and left in their windows",
        querystring: Type.Object({ scope: Type.Optional(Scope), subjectId: Type.Optional(SubjectId) }),
        response: { 200: Type.Object({ limits: Type.Array(LimitState) }), ...problems },
      },
    },
    async (request) => {
      const actor = await managerOf(services, request, "account");
      const { scope = null, subjectId = null } = request.query;
      return { limits: (await readLimitsFor(services.sql, actor, { scope, subjectId })).map(shapeLimit) };
    },
  );

  app.put(
    "/api/limits/:scope/:subjectId/:period",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        security: MANAGED,
        summary: "Set a limit, or change its amount: from the next request on",
        params,
        body: Type.Object({ amount: Amount }),
        response: { 200: LimitState, ...problems, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const { accountId } = await managerOf(services, request, "budgets");
      const { period } = request.params;
      const subject = await limitSubject(services.sql, { accountId, ...request.params });
      await setLimit(services.sql, { ...subject, period, amount: readAmount(request.body.amount) });
      const limits = await readLimits(services.sql, { ...subject, subjects: [subject.subjectId] });
      const limit = limits.find((one) => one.period === period);
      if (!limit) throw new NotFoundError("limit"); // removed at this very moment
      return shapeLimit(limit);
    },
  );

  app.delete(
    "/api/limits/:scope/:subjectId/:period",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        security: MANAGED,
        summary: "Remove a limit",
        params,
        response: { 204: Type.Null(), ...problems, 404: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await managerOf(services, request, "budgets");
      await removeLimit(services.sql, { accountId, ...request.params });
      return reply.code(204).send(null);
    },
  );
}
