import type { OutgoingHttpHeaders } from "node:http";
import { type NanoUsd, nanoToMicro } from "@infr/money";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { PaymentFailedError } from "../../../flow/deposit/x402/errors.ts";
import { InsufficientBalanceError } from "../../../flow/hold/place-hold.ts";
import { answerJson } from "../../../inference/answer-json.ts";
import { answerStream } from "../../../inference/answer-stream.ts";
import type { Caller } from "../../../inference/caller.ts";
import { readChatRequest } from "../../../inference/chat-request.ts";
import { readCompletionsRequest } from "../../../inference/completions-request.ts";
import { readEmbeddingsRequest } from "../../../inference/embeddings-request.ts";
import { LEFT } from "../../../inference/frame-writer.ts";
import { readMessagesRequest } from "../../../inference/messages/read-request.ts";
import { type Preferences, readPreferences } from "../../../inference/preferences.ts";
import { quoteRequest } from "../../../inference/quote.ts";
import type { InferenceRequest } from "../../../inference/request.ts";
import { readResponsesRequest } from "../../../inference/responses/read-request.ts";
import { type Run, startRun } from "../../../inference/run.ts";
import { answerPaid } from "../../answer-paid.ts";
import { stateBalance } from "../../balance-headers.ts";
import { demandPayment, isPaidByItself, PaymentRequiredError, paymentHeaderOf, topUpUrlOf } from "../../payments.ts";
import { failedKeysOf, knownCallerOf, setCaller } from "../../rate-limits.ts";
import type { Routes, Services } from "../../services.ts";

const MAX_BODY_BYTES = 20 * 1_048_576;
const LEAVING = "leaving";

/** Anthropic's clients look for the request's id under another name. */
const MESSAGES = "/v1/messages";

const HEADERS = `Headers of the answer: \`x-request-id\`, the id it is metered under; \`x-balance-usd\`, exact dollars that
can be spent after it (of a stream, and where it is refused for want of money: before it); \`x-balance-runway-days\`, how long that lasts at the average of the last
seven days; \`x-infr-node\`; \`x-infr-max-tokens\`, if max_tokens was lowered.

Without a key, or with too little credit, the answer is 402 with \`PAYMENT-REQUIRED\` (x402 version 2): what a wallet has to
sign to have this request served. Send it again with \`PAYMENT-SIGNATURE\`; \`PAYMENT-RESPONSE\` says how it was settled.`;

/** Where something can be asked of a model. All of them hold, ask, answer and bill in the same way. */
type Surface = { path: string; summary: string; read: (body: unknown) => InferenceRequest };

const SURFACES: Surface[] = [
  {
    path: "/v1/chat/completions",
    summary: "Create a chat completion (OpenAI's API; unknown fields pass through)",
    read: readChatRequest,
  },
  {
    path: "/v1/completions",
    summary: "Continue a text (OpenAI's older API; unknown fields pass through)",
    read: readCompletionsRequest,
  },
  {
    path: "/v1/embeddings",
    summary: "Turn texts into vectors (OpenAI's API; unknown fields pass through); only the prompt is billed",
    read: readEmbeddingsRequest,
  },
  {
    path: "/v1/responses",
    summary: "Create a response (OpenAI's Responses API, without storage)",
    read: readResponsesRequest,
  },
  {
    path: MESSAGES,
    summary: "Create a message (Anthropic's Messages API)",
    read: readMessagesRequest,
  },
];

export function inferenceRoutes(app: Routes, services: Services): void {
  app.decorateRequest(LEAVING, null);
  for (const surface of SURFACES) addRoute(app, services, surface);
}

function addRoute(app: Routes, services: Services, { path, summary, read }: Surface): void {
  const { keyRing, inference } = services;
  app.post(
    path,
    {
      schema: {
        tags: ["Inference"],
        summary,
        description: HEADERS,
        // Read by hand: a validator that coerces or strips would change what the node gets.
        body: Type.Unknown(),
        security: [{ key: [] }],
      },
      bodyLimit: MAX_BODY_BYTES,
      // Before the body is read: strangers can't make us parse 20 MiB.
      onRequest: async (request, reply) => {
        // Before anything is awaited: a client that leaves meanwhile would go unnoticed.
        request.setDecorator(LEAVING, leavingOf(reply));
        if (path === MESSAGES) void reply.header("request-id", request.id);
        const authorization = authorizationOf(request);
        if (isPaidByItself(request, authorization)) return;
        setCaller(request, await keyRing.authenticate(authorization, failedKeysOf(request)));
      },
    },
    async (request, reply) => {
      const { preferences, rest } = readPreferences(request.body);
      const asked = { request: read(rest), preferences };
      const neededMicro = async () => atLeastMicro(await quoteRequest(inference, asked));
      const demand = async (error: string) =>
        demandPayment(services, reply, { neededMicro: await neededMicro(), path, error });
      const header = paymentHeaderOf(request);
      const caller = knownCallerOf(request);
      try {
        if (header !== null)
          return await answerPaid(services, {
            request,
            reply,
            header,
            path,
            asked,
            neededMicro,
            describe: (run) => describe(reply, run),
          });
        if (caller === null) throw new PaymentRequiredError(topUpUrlOf(services));
        return await answerCaller({ request, reply, caller, asked });
      } catch (error) {
        if (error instanceof PaymentRequiredError || error instanceof InsufficientBalanceError)
          await demand(error.message);
        if (error instanceof PaymentFailedError) await demand(error.code);
        throw error;
      }
    },
  );

  async function answerCaller({
    request,
    reply,
    caller,
    asked,
  }: Asked & { request: FastifyRequest; reply: FastifyReply }) {
    const run = await startRun(inference, {
      requestId: request.id,
      caller,
      ...asked,
      leaving: request.getDecorator<AbortController>(LEAVING),
    });
    describe(reply, run);
    const { accountId } = caller;
    // A stream's headers leave before its capture: they state what there was when it began.
    if (run.request.stream) {
      stateBalance(reply, inference.burnRates, { accountId, spendable: run.spendable });
      return stream(request, reply, run);
    }
    const { body, spendable } = await answerJson(run);
    stateBalance(reply, inference.burnRates, { accountId, spendable });
    return body;
  }
}

type Asked = { caller: Caller; asked: { request: InferenceRequest; preferences: Preferences } };

/** Rounded up: what is paid has to cover it. */
function atLeastMicro(amount: NanoUsd): bigint {
  const { micro, remainder } = nanoToMicro(amount);
  return remainder === 0n ? micro : micro + 1n;
}

/** Anthropic's clients send their key in a header of its own. */
function authorizationOf({ headers }: FastifyRequest): string | undefined {
  const key = headers["x-api-key"];
  return headers.authorization ?? (typeof key === "string" ? `Bearer ${key}` : undefined);
}

/** Aborted when the connection ends before the answer has. Fastify's `request.signal` won't do: it aborts once the body was read. */
function leavingOf({ raw }: FastifyReply): AbortController {
  const leaving = new AbortController();
  if (raw.destroyed || raw.socket?.destroyed) leaving.abort(LEFT);
  raw.once("close", () => {
    if (!raw.writableFinished) leaving.abort(LEFT);
  });
  return leaving;
}

function describe(reply: FastifyReply, run: Run): void {
  void reply.header("x-infr-node", run.offer.nodeId);
  if (run.lowered) void reply.header("x-infr-max-tokens", String(run.maxTokens));
}

/** Written to the connection itself: Fastify would send each frame through two more streams. */
function stream(request: FastifyRequest, reply: FastifyReply, run: Run): FastifyReply {
  void reply
    .header("content-type", "text/event-stream; charset=utf-8")
    .header("cache-control", "no-cache, no-transform")
    .header("x-accel-buffering", "no")
    .hijack();
  reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  answerStream(run, reply.raw).catch((error: unknown) => {
    request.log.error({ err: error, requestId: run.requestId }, "a broken off stream could not be billed");
  });
  return reply;
}
