import cookie from "@fastify/cookie";
import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyServerOptions, LogController } from "fastify";
import { NotFoundError } from "./errors.ts";
import { stateRefusedBalance } from "./http/balance-headers.ts";
import { answerError } from "./http/errors.ts";
import { addJsonParser } from "./http/json-parser.ts";
import { addRateLimits } from "./http/rate-limits.ts";
import { accountRoutes } from "./http/routes/account.ts";
import { adjustmentRoutes } from "./http/routes/adjustments.ts";
import { adminRoutes } from "./http/routes/admin.ts";
import { authRoutes } from "./http/routes/auth.ts";
import { bankPayoutRoutes } from "./http/routes/bank-payouts.ts";
import { batchRoutes } from "./http/routes/batches.ts";
import { cardRoutes } from "./http/routes/cards.ts";
import { claimRoutes } from "./http/routes/claims.ts";
import { depositAddressRoutes } from "./http/routes/deposit-addresses.ts";
import { depositRoutes } from "./http/routes/deposits.ts";
import { earningsRoutes } from "./http/routes/earnings.ts";
import { eventRoutes } from "./http/routes/events.ts";
import { giftCodeRoutes } from "./http/routes/gift-codes.ts";
import { grantRoutes } from "./http/routes/grants.ts";
import { holdRoutes } from "./http/routes/holds.ts";
import { keyRoutes } from "./http/routes/keys.ts";
import { limitRoutes } from "./http/routes/limits.ts";
import { meRoutes } from "./http/routes/me.ts";
import { metricsRoutes } from "./http/routes/metrics.ts";
import { moneyRequestRoutes } from "./http/routes/money-requests.ts";
import { nameRoutes } from "./http/routes/names.ts";
import { nodeHealthRoutes } from "./http/routes/node-health.ts";
import { nodeRoutes } from "./http/routes/nodes.ts";
import { notificationRoutes } from "./http/routes/notifications.ts";
import { pushRoutes } from "./http/routes/notifications-push.ts";
import { onrampRoutes } from "./http/routes/onramps.ts";
import { ownerChangeRoutes } from "./http/routes/owner-changes.ts";
import { payoutRoutes } from "./http/routes/payouts.ts";
import { planRoutes } from "./http/routes/plans.ts";
import { priceRoutes } from "./http/routes/prices.ts";
import { publicRoutes } from "./http/routes/public.ts";
import { receiptRoutes } from "./http/routes/receipts.ts";
import { rechargeRoutes } from "./http/routes/recharge.ts";
import { rechargeAllowanceRoutes } from "./http/routes/recharge-allowance.ts";
import { referralRoutes } from "./http/routes/referrals.ts";
import { reserveRoutes } from "./http/routes/reserves.ts";
import { shareRoutes } from "./http/routes/share.ts";
import { standingOrderRoutes } from "./http/routes/standing-orders.ts";
import { statementRoutes } from "./http/routes/statements.ts";
import { stripeRoutes } from "./http/routes/stripe.ts";
import { teamInvitationRoutes } from "./http/routes/team-invitations.ts";
import { teamProjectRoutes } from "./http/routes/team-projects.ts";
import { teamRoutes } from "./http/routes/teams.ts";
import { topUpRoutes } from "./http/routes/top-ups.ts";
import { transferRoutes } from "./http/routes/transfers.ts";
import { usageRoutes } from "./http/routes/usage.ts";
import { inferenceRoutes } from "./http/routes/v1/inference.ts";
import { lookupRoutes } from "./http/routes/v1/lookups.ts";
import { modelRoutes } from "./http/routes/v1/models.ts";
import { webhookRoutes } from "./http/routes/webhooks-out.ts";
import type { Services } from "./http/services.ts";
import { compileValidator } from "./http/validator.ts";
import { openWebApp } from "./http/web-app.ts";
import { newId } from "./ids.ts";

/** Small everywhere but where prompts come in: those routes say so themselves. */
const MAX_BODY_BYTES = 65_536;
/** For a whole request to come in. Fastify's default of 0 would turn off Node's own limit. */
const REQUEST_TIMEOUT_MS = 120_000;

/** The HTTP server with all its routes, on services that somebody else opens and closes. */
export async function buildApp(services: Services, logger: FastifyServerOptions["logger"]) {
  const app = fastify({
    logger: logger ?? false,
    bodyLimit: MAX_BODY_BYTES,
    // Of a path; ids of models are longer than the default of 100 lets through.
    routerOptions: { maxParamLength: 256 },
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: "loopback",
    // The usage log says what was asked; lines for every request would take as long as answering it.
    logController: new LogController({ disableRequestLogging: true }),
    // What is metered is metered under this id, and every answer names it.
    genReqId: () => newId("req"),
    // Where OpenRouter's clients look for the same routes.
    rewriteUrl: ({ url = "/" }) => (url.startsWith("/api/v1/") ? url.slice("/api".length) : url),
    // A URL that can't be read has no route, and its error is told like any other.
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileValidator);
  app.addHook("onRequest", (request, reply, done) => {
    void reply.header("x-request-id", request.id);
    done();
  });
  const { burnRates } = services.inference;
  app.setErrorHandler((error, request, reply) => {
    stateRefusedBalance(error, { request, reply, burnRates });
    return answerError(error, request, reply);
  });
  const webApp = await openWebApp(services);
  app.setNotFoundHandler(
    (request, reply) => webApp?.(request, reply) ?? answerError(new NotFoundError("route"), request, reply),
  );
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "infr", description: "Prepaid inference credit, verifiable charge by charge.", version: "0.1.0" },
      components: {
        securitySchemes: {
          key: { type: "http", scheme: "bearer" },
          managementKey: { type: "http", scheme: "bearer", description: "sk-infr-mgmt-…" },
          session: {
            type: "apiKey",
            in: "cookie",
            name: "infr_session",
            description:
              "For the account that the header Infr-Account names (acct_…), else the one that the session is in.",
          },
        },
      },
    },
  });
  await addRateLimits(app, services.config);
  // No client of /v1 has a cookie: it need not be looked for there.
  await app.register(async (scope) => {
    addJsonParser(scope);
    for (const addRoutes of MODEL_ROUTES) addRoutes(scope, services);
  });
  await app.register(async (scope) => {
    await scope.register(cookie);
    for (const addRoutes of ROUTES) addRoutes(scope, services);
  });
  await app.ready();
  return app;
}

const MODEL_ROUTES = [modelRoutes, lookupRoutes, inferenceRoutes];

const ROUTES = [
  publicRoutes,
  metricsRoutes,
  authRoutes,
  meRoutes,
  accountRoutes,
  ownerChangeRoutes,
  teamRoutes,
  teamInvitationRoutes,
  teamProjectRoutes,
  keyRoutes,
  limitRoutes,
  eventRoutes,
  depositRoutes,
  transferRoutes,
  nameRoutes,
  giftCodeRoutes,
  claimRoutes,
  moneyRequestRoutes,
  standingOrderRoutes,
  topUpRoutes,
  depositAddressRoutes,
  onrampRoutes,
  usageRoutes,
  holdRoutes,
  receiptRoutes,
  statementRoutes,
  reserveRoutes,
  batchRoutes,
  earningsRoutes,
  payoutRoutes,
  bankPayoutRoutes,
  nodeRoutes,
  nodeHealthRoutes,
  priceRoutes,
  notificationRoutes,
  pushRoutes,
  webhookRoutes,
  grantRoutes,
  cardRoutes,
  stripeRoutes,
  planRoutes,
  rechargeRoutes,
  rechargeAllowanceRoutes,
  referralRoutes,
  shareRoutes,
  adminRoutes,
  adjustmentRoutes,
];
