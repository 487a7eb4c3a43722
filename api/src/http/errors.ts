import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { InfrError, InvalidInputError } from "../errors.ts";

/**
 * The one place where errors become answers: Anthropic's shape for its Messages, OpenAI's under the rest of /v1, problem
 * details (RFC 9457) elsewhere.
 */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const requestId = String(reply.getHeader("x-request-id") ?? request.id);
  const answer = describe(error, requestId);
  if (answer.status >= 500) request.log.error({ err: error, cause: causeOf(error), requestId }, "request failed");
  if (answer.retryable) void reply.header("retry-after", String(answer.retryAfterSeconds));
  if (answer.status === 402) void reply.header("cache-control", "no-store");
  void reply.code(answer.status);
  if (/^\/v1\/messages\b/.test(request.url)) return sendAnthropic(reply, answer, requestId);
  return request.url.startsWith("/v1/") ? sendOpenAi(reply, answer) : sendProblem(reply, answer);
}

type Answer = {
  status: number;
  code: string;
  message: string;
  param: string | null;
  retryable: boolean;
  retryAfterSeconds?: number;
};

function describe(error: unknown, requestId: string): Answer {
  if (error instanceof InfrError) return error;
  if (isUnstorableText(error)) return new InvalidInputError("Text can't contain the character U+0000. Leave it out.");
  if (isFastifyError(error) && error.statusCode !== undefined && error.statusCode < 500) {
    return {
      status: error.statusCode,
      code: error.validation ? "invalid_input" : codeOfStatus(error.statusCode),
      message: error.message,
      param: parameterAtFault(error),
      retryable: false,
    };
  }
  return {
    status: 500,
    code: "internal_error",
    message: `Something went wrong on our side. Try again, and report the request id ${requestId} if it stays.`,
    param: null,
    retryable: false,
  };
}

function sendOpenAi(reply: FastifyReply, { status, code, message, param }: Answer): FastifyReply {
  return reply.send({ error: { message, type: openAiType(status), param, code } });
}

/** Anthropic's errors name no parameter: the message has to. */
function sendAnthropic(reply: FastifyReply, { status, message }: Answer, requestId: string): FastifyReply {
  return reply.send({ type: "error", error: { type: anthropicType(status), message }, request_id: requestId });
}

function sendProblem(reply: FastifyReply, { status, code, message, param }: Answer): FastifyReply {
  return reply
    .type("application/problem+json")
    .send(JSON.stringify({ type: "about:blank", title: titleOf(code), status, detail: message, code, param }));
}

function openAiType(status: number): string {
  if (status === 402) return "insufficient_quota";
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

function anthropicType(status: number): string {
  const known: Record<number, string> = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
  };
  return known[status] ?? (status >= 500 ? "api_error" : "invalid_request_error");
}

/** PostgreSQL keeps every text but U+0000, and only it knows what is stored where. */
const isUnstorableText = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "22021" || error.code === "22P05");

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";

function parameterAtFault(error: FastifyError): string | null {
  const [first] = error.validation ?? [];
  if (!first) return null;
  const missing = first.params["missingProperty"];
  return typeof missing === "string" ? missing : first.instancePath.slice(1) || null;
}

const codeOfStatus = (status: number): string =>
  ({ 400: "invalid_json", 404: "not_found", 413: "body_too_large", 415: "unsupported_media_type" })[status] ??
  "invalid_request";

const titleOf = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll("_", " ");

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);
