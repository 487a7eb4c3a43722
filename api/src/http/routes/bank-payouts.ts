import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { InvalidInputError } from "../../errors.ts";
import { ForgedNewsError } from "../../flow/payout/off-ramp.ts";
import { hearNews, openBank } from "../../flow/payout/pay-banks.ts";
import { BankNotReadyError } from "../../flow/payout/request-payout.ts";
import { Address, Problem } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Payouts"];

export function bankPayoutRoutes(app: Routes, services: Services): void {
  app.post(
    "/api/payouts/bank",
    {
      schema: {
        tags,
        summary: "Where to give your bank details, and whether they are complete",
        response: {
          200: Type.Object({
            enabled: Type.Boolean(),
            url: Type.String({ description: "Stripe's page for you, good for minutes." }),
            payoutTo: Type.String({ ...Address, description: "Set it as your payout address in the contract." }),
          }),
          401: Problem,
          409: Problem,
          422: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "earnings");
      const { sql, offRamp } = services;
      if (!offRamp) throw new BankNotReadyError("Payouts to a bank are not offered here. Ask for one to your wallet.");
      const { enabled, url } = await openBank({ sql, offRamp }, accountId);
      return { enabled, url, payoutTo: offRamp.address };
    },
  );

  void app.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>();
    // The signature is over the bytes as they came.
    scope.removeContentTypeParser("application/json");
    scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post(
      "/api/webhooks/stripe-connect",
      {
        schema: {
          tags,
          summary: "News from Stripe about connected accounts",
          description: "Signed by Stripe. It is not believed: Stripe is asked for what it is about.",
          headers: Type.Object({ "stripe-signature": Type.String({ minLength: 1, maxLength: 2_000 }) }),
          response: { 204: Type.Null(), 400: Problem, 422: Problem },
        },
      },
      async (request, reply) => {
        const { sql, offRamp } = services;
        if (!offRamp) throw new BankNotReadyError("Payouts to a bank are not offered here.");
        try {
          await hearNews(
            { sql, offRamp },
            offRamp.readNews(request.body as Buffer, request.headers["stripe-signature"]),
          );
        } catch (error) {
          if (error instanceof ForgedNewsError) throw new InvalidInputError(error.message, "stripe-signature");
          throw error;
        }
        return reply.code(204).send(null);
      },
    );
  });
}
