import { Compile } from "typebox/schema";
import type { Operation, Request } from "./requests.ts";
import type { Schema } from "./values.ts";

export type Answer = { status: number; headers: Record<string, unknown>; body: string };

const PROBLEM: Schema = {
  type: "object",
  required: ["type", "title", "status", "detail", "code", "param"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", minLength: 1 },
    code: { type: "string", pattern: "^[a-z0-9_]+$" },
  },
};
const OPENAI_ERROR: Schema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["message", "type", "param", "code"],
      properties: { message: { type: "string", minLength: 1 }, type: { type: "string" } },
    },
  },
};
const ANTHROPIC_ERROR: Schema = {
  type: "object",
  required: ["type", "error"],
  properties: { type: { const: "error" }, error: { type: "object", required: ["type", "message"] } },
};

/** Streams, statements to keep, and the page behind a link in mails. */
const NOT_JSON = /^(text\/event-stream|text\/plain|text\/csv|text\/html|application\/pdf)/;

const compiled = new Map<Schema, ReturnType<typeof Compile>>();

function fits(schema: Schema, value: unknown): boolean {
  const validator = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, validator);
  return validator.Check(value);
}

/** What is wrong with an answer; null if nothing is. */
export function faultOf({ route, url, operation }: Request, answer: Answer): string | null {
  const { status, headers, body } = answer;
  const documented = schemaOf(operation, status);
  if (status >= 500 && !(status === 503 && (headers["retry-after"] !== undefined || documented))) return "a 5xx";
  if (status === 204) return body === "" ? null : "a body with 204";
  if (status === 200 && NOT_JSON.test(String(headers["content-type"]))) return null;
  const value = parse(body);
  if (value === undefined) return "no JSON";
  if (documented) return fits(documented, value) ? null : "not what its schema says";
  if (status >= 400) return fits(errorSchema(route, url), value) ? null : "an error in no known shape";
  return operation.responses[status] ? null : "a status that is not documented";
}

const schemaOf = ({ responses }: Operation, status: number): Schema | undefined =>
  Object.values(responses[status]?.content ?? {})[0]?.schema;

function errorSchema(route: string, url: string): Schema {
  if (route.endsWith("/v1/messages")) return ANTHROPIC_ERROR;
  return url.startsWith("/v1/") ? OPENAI_ERROR : PROBLEM;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
