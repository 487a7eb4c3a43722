import { subscribe } from "node:diagnostics_channel";
import type { FastifyInstance } from "fastify";

/** Every route that any app of this process adds from now on, as `METHOD /url`, without the HEAD that comes with GET. */
export function watchRoutes(): Set<string> {
  const routes = new Set<string>();
  subscribe("fastify.initialization", (message) => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook("onRoute", ({ method, url }) => {
      for (const each of [method].flat()) if (each !== "HEAD") routes.add(`${each} ${url}`);
    });
  });
  return routes;
}
