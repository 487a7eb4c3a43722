import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { InvalidInputError } from "../../errors.ts";
import { ForgedEventError } from "../../funding/card-processor.ts";
import { hearEvent } from "../../funding/hear-events.ts";
import { Problem } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { cardsOfServices } from "./cards.ts";

/** Where Stripe tells of payments. The signature is over the bytes as they came. */
export function stripeRoutes(app: Routes, services: Services): void {
  void app.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>();
    scope.removeContentTypeParser("application/json");
    scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post(
      "/api/webhooks/stripe",
      {
        bodyLimit: MAX_EVENT_BYTES,
        schema: {
          tags: ["Cards"],
          summary: "News from Stripe about payments",
          description: "Signed by Stripe. It is not believed: Stripe is asked for what it is about.",
          headers: Type.Object({ "stripe-signature": Type.String({ minLength: 1, maxLength: 2_000 }) }),
          response: { 204: Type.Null(), 400: Problem, 422: Problem },
        },
      },
      async (request, reply) => {
        const cards = cardsOfServices(services);
        try {
          const event = cards.processor.readEvent(request.body as Buffer, request.headers["stripe-signature"]);
          await hearEvent(cards, event);
        } catch (error) {
          if (error instanceof ForgedEventError) throw new InvalidInputError(error.message, "stripe-signature");
          throw error;
        }
        return reply.code(204).send(null);
      },
    );
  });
}

/** An invoice's event can be long. */
const MAX_EVENT_BYTES = 1_048_576;
