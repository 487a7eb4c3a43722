import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type KeyOwner, WrongKeyKindError } from "../../../auth/api-keys.ts";
import { keyById } from "../../../auth/keys-store.ts";
import { NotFoundError } from "../../../errors.ts";
import { usageOf } from "../../../flow/capture/store.ts";
import { usageOfKey } from "../../../flow/capture/usage-store.ts";
import { isId, timeOfId } from "../../../ids.ts";
import { readLifetime } from "../../../ledger/lifetime-store.ts";
import { readLimits } from "../../../ledger/limits.ts";
import { may } from "../../../roles.ts";
import { Credits, Generation, Key, shapeCredits, shapeGeneration, shapeKey } from "../../lookup-shapes.ts";
import { callerOf, failedKeysOf, setCaller } from "../../rate-limits.ts";
import type { Routes, Services } from "../../services.ts";

const tags = ["Inference"];
const security: Array<Record<string, string[]>> = [{ key: [] }, { managementKey: [] }];
/** OpenRouter's lookups: for whoever has a key, about the account and the key that it is of. */
export function lookupRoutes(app: Routes, services: Services): void {
  const { sql } = services;
  const onRequest = async (request: FastifyRequest) => setCaller(request, await anyKey(services, request));
  app.get(
    "/v1/generation",
    {
      onRequest,
      schema: {
        tags,
        security,
        summary: "One request by the id in its answer: tokens, cost, node (OpenRouter's shape)",
        querystring: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: Type.Object({ data: Generation }) },
      },
    },
    async (request) => {
      const { accountId, role, userId } = callerOf(request);
      const { id } = request.query;
      if (!isId("req", id)) throw new NotFoundError("generation");
      const memberId = may(role, "usage") ? undefined : userId;
      const row = await usageOf(sql, { accountId, memberId, requestId: id, startedAt: timeOfId(id) });
      if (!row) throw new NotFoundError("generation");
      return { data: shapeGeneration(row) };
    },
  );

  app.get(
    "/v1/credits",
    {
      onRequest,
      schema: {
        tags,
        security,
        summary: "All credit the account ever got, and all it has used (OpenRouter's shape)",
        response: { 200: Type.Object({ data: Credits }) },
      },
    },
    async (request) => {
      const { accountId } = callerOf(request);
      return { data: shapeCredits(await readLifetime(sql, accountId)) };
    },
  );

  app.get(
    "/v1/key",
    {
      onRequest,
      schema: {
        tags,
        security,
        summary: "The key itself: its tightest limit and what it has spent (OpenRouter's shape)",
        response: { 200: Type.Object({ data: Key }) },
      },
    },
    async (request) => {
      const { accountId, keyId } = callerOf(request);
      const [key, limits, spent] = await Promise.all([
        keyById(sql, { keyId, accountId }),
        readLimits(sql, { accountId, scope: "key", subjects: [keyId] }),
        usageOfKey(sql, { accountId, keyId, now: new Date() }),
      ]);
      if (!key) throw new NotFoundError("API key");
      return { data: shapeKey(key, { limits, spent }) };
    },
  );
}

/** Both kinds of keys may look. @throws InvalidKeyError */
async function anyKey({ keyRing }: Services, request: FastifyRequest): Promise<KeyOwner> {
  const { authorization } = request.headers;
  const guard = failedKeysOf(request);
  try {
    return await keyRing.authenticate(authorization, guard);
  } catch (error) {
    if (!(error instanceof WrongKeyKindError)) throw error;
    return keyRing.authenticateManager(authorization, guard);
  }
}
