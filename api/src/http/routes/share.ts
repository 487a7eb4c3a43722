import { Type } from "typebox";
import { sharingSystems } from "../../share/systems.ts";
import { Day } from "../schemas.ts";
import type { Routes } from "../services.ts";

const System = Type.Object({
  name: Type.String(),
  category: Type.Enum(["compute-credit", "fiat", "stablecoin", "referral"]),
  team_pool: Type.Boolean({ description: "Several people spend from one balance." }),
  gift_credit: Type.Boolean({ description: "Credit can be given as a gift." }),
  p2p_transfer: Type.Boolean({ description: "Balance goes from one person to another." }),
  unit: Type.String(),
  how: Type.String(),
  url: Type.String(),
});

/** Who lets people share credit, and how: ours is read from the routes that there are. */
export function shareRoutes(app: Routes): void {
  app.get(
    "/api/share",
    {
      schema: {
        tags: ["Public"],
        summary: "Which systems let people share credit, ours first",
        response: {
          200: Type.Object({ ok: Type.Boolean(), updated: Day, notes: Type.String(), systems: Type.Array(System) }),
        },
      },
    },
    async () => {
      const offers = (url: string) => app.hasRoute({ method: "POST", url });
      return {
        ok: true,
        ...sharingSystems({
          teams: offers("/api/teams"),
          gifts: offers("/api/gift-codes"),
          transfers: offers("/api/transfers"),
        }),
      };
    },
  );
}
