import { Type } from "typebox";
import {
  changeKey,
  createKey,
  endKey,
  listKeys,
  MAX_GRACE_SECONDS,
  type ManagedKey,
  readKey,
  rotateKey,
} from "../../auth/manage-keys.ts";
import { LimitAmounts, LimitState, readAmounts, shapeLimit } from "../limit-shapes.ts";
import { Id, MANAGED, Moment, Nullable, Problem, readMoment, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { managerOf } from "../session.ts";

const tags = ["API keys"];

const Models = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
  minItems: 1,
  maxItems: 100,
  description: "The only models it may ask for.",
});
const ExpiresAt = Type.String({ ...Moment, description: "When it stops working; in the future." });
const RequestsPerMinute = Type.Integer({
  minimum: 1,
  maximum: 1_000_000,
  description: "Its own rate limit, instead of the usual one.",
});
const Name = Type.String({ minLength: 1, maxLength: 64 });
const Kind = Type.Enum(["inference", "management"], {
  description: "A management key (sk-infr-mgmt-…) administers keys and limits and reads usage; it can't spend.",
});

const Key = Type.Object({
  id: Type.String(),
  kind: Kind,
  name: Type.String(),
  madeBy: Type.String({ description: "user_… whose requests it makes." }),
  prefix: Type.String({ description: "How the key begins, to tell keys apart." }),
  project: Nullable(Type.String({ description: "The project whose limits it counts against; never changes." })),
  disabled: Type.Boolean(),
  expiresAt: Nullable(Moment),
  models: Nullable(Type.Array(Type.String())),
  requestsPerMinute: Nullable(Type.Integer()),
  limits: Type.Array(LimitState),
  oldSecretUntil: Nullable(
    Type.String({ ...Moment, description: "Until when a secret from before a rotation works." }),
  ),
  createdAt: Moment,
  lastUsedAt: Nullable(Moment),
  revokedAt: Nullable(Moment),
});

const KeyWithSecret = Type.Object({
  ...Key.properties,
  key: Type.String({ description: "sk-infr-…: shown here and nowhere else." }),
});

const NewKey = Type.Object({
  name: Name,
  kind: Type.Optional(Kind),
  project: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9._-]{0,63}$" })),
  expiresAt: Type.Optional(Nullable(ExpiresAt)),
  models: Type.Optional(Nullable(Models)),
  requestsPerMinute: Type.Optional(Nullable(RequestsPerMinute)),
  limits: Type.Optional(LimitAmounts),
});

const Change = Type.Object({
  name: Type.Optional(Name),
  disabled: Type.Optional(Type.Boolean()),
  expiresAt: Type.Optional(Nullable(ExpiresAt)),
  models: Type.Optional(Nullable(Models)),
  requestsPerMinute: Type.Optional(Nullable(RequestsPerMinute)),
  limits: Type.Optional(LimitAmounts),
});

const params = Type.Object({ id: Id });
const problems = { 400: Problem, 401: Problem, 403: Problem };

export function keyRoutes(app: Routes, services: Services): void {
  addReads(app, services);
  addCreation(app, services);
  addChanges(app, services);
}

function addReads(app: Routes, services: Services): void {
  app.get(
    "/api/keys",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "Your API keys, newest first; everybody's, for who manages them",
        response: { 200: Type.Object({ keys: Type.Array(Key) }), ...problems },
      },
    },
    async (request) => {
      const actor = await managerOf(services, request, "account");
      return { keys: (await listKeys(services.sql, actor)).map(shapeKey) };
    },
  );

  app.get(
    "/api/keys/:id",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "One API key, with what is left of its limits",
        params,
        response: { 200: Key, ...problems, 404: Problem },
      },
    },
    async (request) => {
      const actor = await managerOf(services, request, "account");
      return shapeKey(await readKey(services.sql, { actor, keyId: request.params.id }));
    },
  );
}

function addCreation(app: Routes, services: Services): void {
  app.post(
    "/api/keys",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        security: MANAGED,
        summary: "Create an API key; the answer is the only place that shows it",
        body: NewKey,
        response: { 201: KeyWithSecret, ...problems, 404: Problem, 409: Problem },
      },
    },
    async (request, reply) => {
      const manager = await managerOf(services, request, "requests");
      const { limits, kind = "inference", ...rest } = request.body;
      const wanted = { ...rest, kind, expiresAt: readMoment(rest.expiresAt), limits: readAmounts(limits) };
      const created = await createKey(services.sql, { manager, wanted });
      return reply.code(201).send({ ...shapeKey(created), key: created.key });
    },
  );

  app.post(
    "/api/keys/:id/rotate",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        security: MANAGED,
        summary: "Give a key another secret; the answer is the only place that shows it",
        description: "Secrets from before stay valid for graceSeconds (at most 7 days, 0 ends them now).",
        params,
        body: Type.Object({
          graceSeconds: Type.Integer({ minimum: 0, maximum: MAX_GRACE_SECONDS, default: 0 }),
        }),
        response: { 200: KeyWithSecret, ...problems, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const manager = await managerOf(services, request, "requests");
      const { graceSeconds } = request.body;
      const rotated = await rotateKey(services, { manager, keyId: request.params.id, graceSeconds });
      return { ...shapeKey(rotated), key: rotated.key };
    },
  );
}

function addChanges(app: Routes, services: Services): void {
  app.patch(
    "/api/keys/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        security: MANAGED,
        summary: "Change a key; null removes an expiry, a list of models, a rate or a limit",
        params,
        body: Change,
        response: { 200: Key, ...problems, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const manager = await managerOf(services, request, "requests");
      const { limits, ...rest } = request.body;
      const change = { ...rest, expiresAt: readMoment(rest.expiresAt) };
      const which = { manager, keyId: request.params.id };
      return shapeKey(await changeKey(services, { ...which, change, limits: readAmounts(limits) }));
    },
  );

  app.delete(
    "/api/keys/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        security: MANAGED,
        summary: "Revoke an API key for good",
        params,
        response: { 204: Type.Null(), ...problems, 404: Problem },
      },
    },
    async (request, reply) => {
      const manager = await managerOf(services, request, "requests");
      await endKey(services, { manager, keyId: request.params.id });
      return reply.code(204).send(null);
    },
  );
}

const shapeKey = (row: ManagedKey) => ({
  id: row.key_id,
  kind: row.kind,
  name: row.name,
  madeBy: row.user_id,
  prefix: row.prefix,
  project: row.project,
  disabled: row.disabled,
  expiresAt: row.expires_at?.toISOString() ?? null,
  models: row.models,
  requestsPerMinute: row.requests_per_minute,
  limits: row.limits.map(shapeLimit),
  oldSecretUntil: row.old_secret_until?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
});
