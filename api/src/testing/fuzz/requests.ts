import fc from "fast-check";
import { almostValid, type Schema, valid } from "./values.ts";

type Parameter = { name: string; in: "path" | "query" | "header" | "cookie"; required?: boolean; schema: Schema };

/** An operation of the OpenAPI document. */
export type Operation = {
  parameters?: Parameter[];
  security?: Array<Record<string, string[]>>;
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
};

export type Document = { paths: Record<string, Record<string, Operation>> };

/** Who sends a request: the world of the fuzz knows their secrets. */
const SENDERS = ["nobody", "session", "other", "manager", "key", "garbage"] as const;
type Sender = (typeof SENDERS)[number];

/** One request. `{keyId}` and the like in its path stand for ids that exist. */
export type Request = {
  /** As in the document: `GET /api/keys/{id}`. */
  route: string;
  operation: Operation;
  method: string;
  url: string;
  sender: Sender;
  headers: Record<string, string>;
  body: Buffer | null;
};

/** Bodies where the document says nothing: what these routes read by hand. */
const text = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom("Hi", "Write 5 tokens.", ""));
const sampling = {
  max_tokens: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1e9, 0)),
  n: fc.integer({ min: 1, max: 3 }),
  stream: fc.boolean(),
  stream_options: fc.record({ include_usage: fc.boolean() }, { noNullPrototype: true }),
  temperature: fc.constantFrom(null, 0, 1),
  stop: fc.constantFrom(null, "END", ["END"]),
  logprobs: fc.constantFrom(null, true, 2),
  user: text,
};
const model = fc.constantFrom("demo/small", "demo/large", "nope");
const message = fc.record(
  {
    role: fc.constantFrom("system", "user", "assistant", "tool"),
    content: fc.oneof(text, fc.array(fc.record({ type: fc.constant("text"), text }, { noNullPrototype: true }))),
  },
  { noNullPrototype: true },
);
const messages = fc.array(message, { minLength: 1, maxLength: 3 });
type Fields = Record<string, fc.Arbitrary<unknown>>;
const asked = (fields: Fields, required: string[]): fc.Arbitrary<unknown> => {
  const all: Fields = { model, ...sampling, ...fields };
  return fc.record(all, { requiredKeys: ["model", ...required], noNullPrototype: true });
};

/** By what a path ends with. */
const BODIES: Record<string, fc.Arbitrary<unknown>> = {
  "/chat/completions": asked({ messages }, ["messages"]),
  "/completions": asked({ prompt: fc.oneof(text, fc.array(text)) }, ["prompt"]),
  "/embeddings": asked({ input: fc.oneof(text, fc.array(text), fc.array(fc.nat())) }, ["input"]),
  "/responses": asked({ input: fc.oneof(text, messages), max_output_tokens: fc.integer({ min: 1, max: 20 }) }, [
    "input",
  ]),
  "/messages": asked({ messages }, ["messages", "max_tokens"]),
};

const bytes = (text_: string) => Buffer.from(text_);
const strangeBody = fc.oneof(
  fc.constantFrom(
    bytes(""),
    bytes("{"),
    bytes("null"),
    bytes("[".repeat(20_000)),
    bytes(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`),
    bytes('{"name":1e999,"name":"twice"}'),
    bytes('{"__proto__":{"name":"x"},"constructor":{"prototype":{}}}'),
    bytes("\u0000"),
    bytes(`{"name":"${"x".repeat(70_000)}"}`),
    Buffer.from([0xff, 0xfe, 0x7b, 0x00]),
    Buffer.concat([bytes('{"name":"'), Buffer.from([0xc3, 0x28]), bytes('"}')]),
  ),
  fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
);

const strangeHeaders = fc.constantFrom<Record<string, string>>(
  {},
  {},
  {},
  { "content-type": "text/plain" },
  { "content-type": "application/json; charset=utf-16" },
  { "content-type": "multipart/form-data" },
  { accept: "application/xml" },
  { "x-request-id": "\u00ff" },
  { "x-forwarded-for": "999.1.1.1, ::1" },
  { "idempotency-key": "k".repeat(300) },
  { "accept-encoding": "gzip" },
  { authorization: "Basic eDp5" },
  { authorization: "Bearer " },
  { cookie: "infr_session=%00; infr_session=" },
  { expect: "100-continue" },
);

/** Requests to every operation of the document: as it asks for them, and otherwise. */
export function requests({ paths }: Document): fc.Arbitrary<Request> {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  return fc.oneof(
    ...all.map((one) =>
      fc.record(
        {
          route: fc.constant(`${one.method} ${one.path}`),
          operation: fc.constant(one.operation),
          method: fc.constant(one.method),
          url: urlOf(one),
          sender: senderOf(one.operation),
          headers: strangeHeaders,
          body: bodyOf(one),
        },
        { noNullPrototype: true },
      ),
    ),
  );
}

/** Mostly somebody who may: what lies behind the door is worth more than the door. */
function senderOf({ security = [] }: Operation): fc.Arbitrary<Sender> {
  const welcome = security.some((one) => "key" in one) ? "key" : "session";
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(welcome) },
    { weight: 1, arbitrary: fc.constantFrom(...SENDERS) },
  );
}

const segment = fc.oneof(
  fc.constantFrom(
    "%00",
    "..%2f..",
    "%ff",
    "-1",
    "0",
    "99999999999999999999",
    "%F0%9F%92%A9",
    "a".repeat(300),
    "'",
    "null",
  ),
  fc.string({ minLength: 1, maxLength: 12 }).map(safeEncode),
);

function urlOf({ path, operation: { parameters = [] } }: { path: string; operation: Operation }): fc.Arbitrary<string> {
  const inPath = fc.tuple(
    ...parameters
      .filter((parameter) => parameter.in === "path")
      .map(({ name, schema }) =>
        fc
          .oneof(
            // Ids that exist, put in when the request is sent.
            { weight: 4, arbitrary: fc.constant(`{${name}}`) },
            { weight: 2, arbitrary: valid(schema).map(safeEncode) },
            { weight: 1, arbitrary: segment },
          )
          .map((value) => [name, value] as const),
      ),
  );
  const inQuery = fc.tuple(
    ...parameters
      .filter((parameter) => parameter.in === "query")
      .map(({ name, schema }) =>
        fc
          .option(almostValid(valid(schema)), { nil: undefined })
          .map((value) => (value === undefined ? "" : `${name}=${safeEncode(value)}`)),
      ),
    fc.constantFrom("", "", "", "x[]=1&x[]=2", "limit=1&limit=2", "%", "__proto__=1"),
  );
  return fc.tuple(inPath, inQuery).map(([values, query]) => {
    const filled = values.reduce((url, [name, value]) => url.replace(`{${name}}`, value), path);
    const search = query.filter((part) => part !== "").join("&");
    return search === "" ? filled : `${filled}?${search}`;
  });
}

/** What stands in a URL for a value; a lone surrogate has no encoding. */
function safeEncode(value: unknown): string {
  const plain = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return encodeURIComponent(plain.toWellFormed());
}

function bodyOf({ path, method, operation }: { path: string; method: string; operation: Operation }) {
  const schema = operation.requestBody?.content["application/json"]?.schema;
  if (!schema) return fc.constant(method === "POST" ? bytes("{}") : null);
  const ending = Object.keys(BODIES).find((end) => path.endsWith(end));
  const values = almostValid(ending === undefined ? valid(schema) : (BODIES[ending] ?? valid(schema)));
  return fc.oneof(
    { weight: 9, arbitrary: values.map((value) => bytes(JSON.stringify(value) ?? "")) },
    { weight: 1, arbitrary: strangeBody },
  );
}
