import type { FastifyInstance } from "fastify";
import { InvalidInputError } from "../errors.ts";

/** More than any conversation has, tools and token ids included. */
const MAX_STRUCTURE = 300_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/**
 * Reads JSON as Fastify does, but for bodies of millions of tiny values: they are small enough for the limit in bytes, and
 * parsing and walking them would keep every other client waiting for seconds.
 */
export function addJsonParser(scope: Pick<FastifyInstance, "addContentTypeParser" | "getDefaultJsonParser">): void {
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (structureOf(body, MAX_STRUCTURE) > MAX_STRUCTURE) {
      done(
        new InvalidInputError(
          `The body has more than ${MAX_STRUCTURE} objects, lists and values. Send fewer, or several requests.`,
        ),
      );
      return;
    }
    void parse(request, body.toString("utf8"), done);
  });
}

/** How many `{`, `[` and `,` JSON has outside of its texts. It stops counting beyond `most`. */
export function structureOf(json: Buffer, most: number): number {
  let count = 0;
  for (let at = 0; at < json.length && count <= most; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfText(json, at);
    else if (byte === COMMA || byte === BRACKET || byte === BRACE) count++;
  }
  return count;
}

/** Where the text ends that begins at a quote. Byte by byte: a search for each quote would be slow where many are escaped. */
function endOfText(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
