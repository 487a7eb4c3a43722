import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { InfrError } from "../../errors.ts";
import { OpenStreams, VISITORS } from "../open-streams.ts";
import { Id, Problem } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { mustAct, SESSION_COOKIE } from "../session.ts";

/** The stream is for `EventSource`, which says what it takes: HTTP 406. */
class NotAStreamError extends InfrError {
  readonly code = "not_acceptable";
  readonly status = 406;
  constructor() {
    super("This is a stream of server-sent events: send Accept: text/event-stream.");
  }
}

export function eventRoutes(app: Routes, services: Services): void {
  const streams = new OpenStreams(services.changes);
  // Before connections are waited for: a stream would keep the server from stopping.
  app.addHook("preClose", (done) => {
    streams.endAll();
    done();
  });

  app.get(
    "/api/events",
    {
      schema: {
        tags: ["Events"],
        security: [{}, { session: [] }],
        summary: "What changes while you look, as server-sent events",
        description:
          "An event `change` has the topic that changed as its data: account, batches, deposits, earnings, lots, models, moves, " +
          "payouts, reserves, transactions, usage, webhooks; `*` is anything: at the beginning, and after a gap. It never says what changed: ask for it. " +
          "Without a session it is `models` and `reserves` only. A stream ends after some minutes: come back.",
        querystring: Type.Object({
          account: Type.Optional(
            Type.String({
              ...Id,
              description: "acct_… that it is about, instead of the session's: streams carry no header.",
            }),
          ),
        }),
        response: { 200: Type.String(), 401: Problem, 404: Problem, 406: Problem, 429: Problem },
      },
    },
    async (request, reply) => {
      if (!request.headers.accept?.includes("text/event-stream")) throw new NotAStreamError();
      const stream = streams.open(await listenerOf(services, request, request.query.account ?? null));
      return reply
        .type("text/event-stream")
        .header("cache-control", "no-store, no-transform")
        .header("x-accel-buffering", "no")
        .send(stream.body as never);
    },
  );
}

/** @throws SignedOutError with a session that is none any more, NotFoundError for an account that is not his */
async function listenerOf(services: Services, request: FastifyRequest, accountId: string | null): Promise<string> {
  if (request.cookies[SESSION_COOKIE] === undefined) return VISITORS;
  return (await mustAct(services, request, { accountId, permission: "account" })).accountId;
}
