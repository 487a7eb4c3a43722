import { Type } from "typebox";
import { createKey, listKeys } from "../../auth/api-keys.ts";
import type { KeyRow } from "../../auth/store.ts";
import { Moment, Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { sessionOf } from "../session.ts";

const tags = ["API keys"];

const Key = Type.Object({
  id: Type.String(),
  name: Type.String(),
  prefix: Type.String({ description: "How the key begins, to tell keys apart." }),
  createdAt: Moment,
  lastUsedAt: Nullable(Moment),
  revokedAt: Nullable(Moment),
});

export function keyRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/keys",
    {
      schema: {
        tags,
        summary: "Your API keys, newest first",
        response: { 200: Type.Object({ keys: Type.Array(Key) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await sessionOf(services, request);
      return { keys: (await listKeys(services.sql, accountId)).map(shapeKey) };
    },
  );

  app.post(
    "/api/keys",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Create an API key; the answer is the only place that shows it",
        body: Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) }),
        response: {
          201: Type.Object({ ...Key.properties, key: Type.String({ description: "sk-infr-…" }) }),
          400: Problem,
          401: Problem,
        },
      },
    },
    async (request, reply) => {
      const session = await sessionOf(services, request);
      const created = await createKey(services.sql, { ...session, name: request.body.name });
      return reply.code(201).send({ ...shapeKey(created), key: created.key });
    },
  );

  app.delete(
    "/api/keys/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Revoke an API key for good",
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null(), 401: Problem, 404: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await sessionOf(services, request);
      await services.keyRing.revoke({ keyId: request.params.id, accountId });
      return reply.code(204).send(null);
    },
  );
}

const shapeKey = (row: KeyRow) => ({
  id: row.key_id,
  name: row.name,
  prefix: row.prefix,
  createdAt: row.created_at.toISOString(),
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
});
