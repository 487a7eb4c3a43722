import { priceText } from "@infr/protocol";
import { Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { pricesOf } from "../../metering/store.ts";
import { Bytes32, Moment, Money, Problem, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";

const Prices = Type.Object({
  version: Bytes32,
  text: Type.String({ description: "Its canonical text: keccak256 of it is the version." }),
  nodeId: Type.String(),
  kind: Type.Enum(["model", "resource"]),
  product: Type.String({ description: "Id of the model or resource." }),
  perToken: Type.Object({ prompt: Money, cached: Money, completion: Money, reasoning: Money }),
  unit: Type.String({ description: "What a resource is counted in; empty for a model." }),
  perUnit: Money,
  since: Moment,
});

export function priceRoutes(app: Routes, { sql }: Services): void {
  app.get(
    "/api/prices/:version",
    {
      schema: {
        tags: ["Public"],
        summary: "The prices that a receipt's priceVersion names",
        params: Type.Object({ version: Bytes32 }),
        response: { 200: Prices, 400: Problem, 404: Problem },
      },
    },
    async (request) => {
      const version = request.params.version.toLowerCase();
      const found = await pricesOf(sql, version);
      if (!found) throw new NotFoundError("price version");
      const { node, kind, product, prompt, cached, completion, reasoning, unit, perUnit } = found.prices;
      return {
        version,
        text: priceText(found.prices),
        nodeId: node,
        kind,
        product,
        perToken: {
          prompt: usdOfNano(prompt),
          cached: usdOfNano(cached),
          completion: usdOfNano(completion),
          reasoning: usdOfNano(reasoning),
        },
        unit,
        perUnit: usdOfNano(perUnit),
        since: found.since.toISOString(),
      };
    },
  );
}
