import { Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { healthByDay, healthOfNodes } from "../../inference/health-store.ts";
import { anyNode } from "../../inference/nodes-store.ts";
import { Health, shapeHealth } from "../health-shape.ts";
import { Problem } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";

const HOURS = 24;
const DAYS = 30;

const NodeHealth = Type.Object({
  id: Type.String(),
  name: Type.String(),
  enabled: Type.Boolean(),
  live: Type.Boolean({ description: "False when it has not answered the platform for a while." }),
  lastDay: Health,
  days: Type.Array(Type.Object({ day: Type.String({ format: "date" }), ...Health.properties })),
});

export function nodeHealthRoutes(app: Routes, { sql }: Services): void {
  app.get(
    "/api/nodes/:id/health",
    {
      schema: {
        tags: ["Public"],
        summary: "How a node does: uptime, latency, errors, and how its reports differ from the recount",
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: NodeHealth, 404: Problem },
      },
    },
    async (request) => {
      const node = await anyNode(sql, request.params.id);
      if (!node) throw new NotFoundError("node");
      const [lastDay, days] = await Promise.all([
        healthOfNodes(sql, { nodeIds: [node.node_id], hours: HOURS }),
        healthByDay(sql, { nodeId: node.node_id, days: DAYS }),
      ]);
      return {
        id: node.node_id,
        name: node.name,
        enabled: node.enabled,
        live: node.enabled && node.live,
        lastDay: shapeHealth(lastDay.get(node.node_id)),
        days: days.map((row) => ({ day: row.day.toISOString().slice(0, 10), ...shapeHealth(row) })),
      };
    },
  );
}
