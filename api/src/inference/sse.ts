import { StringDecoder } from "node:string_decoder";
import type { NodeBody } from "./node-body.ts";

const MAX_EVENT_CHARACTERS = 1_048_576;

/** What OpenAI's streams end with. */
export const DONE = "[DONE]";

/** A server-sent stream that is not one: an event without end. */
export class MalformedStreamError extends Error {
  override readonly name = "MalformedStreamError";
}

/**
 * Takes a server-sent event stream (WHATWG HTML, 9.2) apart as it arrives: chunks in, the `data:` payloads of the events
 * that are complete out. Comments and other fields are left out. What has been looked through is not looked through
 * again, however thin the chunks are.
 */
export class EventParser {
  readonly #decoder = new StringDecoder("utf8");
  #started = false;
  #begun: string[] = [];
  #begunSize = 0;
  #afterReturn = false;
  #data: string[] = [];
  #size = 0;

  /** @throws MalformedStreamError when an event has more than 1 MiB, over all of its lines */
  push(chunk: Uint8Array): string[] {
    const decoded = this.#decoder.write(chunk);
    if (decoded === "") return [];
    // A line feed that completes a CRLF whose CR ended the line already, or a byte order mark before everything.
    const skipped = this.#started ? this.#afterReturn && decoded.startsWith("\n") : decoded.startsWith("\uFEFF");
    const text = skipped ? decoded.slice(1) : decoded;
    this.#started = true;
    this.#afterReturn = decoded.endsWith("\r");
    const lines = text.includes("\r") ? text.split(/\r\n|\n|\r/) : text.split("\n");
    const rest = lines.pop() ?? "";
    const events: string[] = [];
    for (const line of lines) {
      this.#line(this.#begun.length === 0 ? line : this.#begun.join("") + line, events);
      if (this.#begun.length > 0) this.#begun = [];
      this.#begunSize = 0;
    }
    if (rest !== "") this.#begun.push(rest);
    this.#begunSize += rest.length;
    if (this.#begunSize > MAX_EVENT_CHARACTERS) throw tooLong();
    return events;
  }

  #line(line: string, events: string[]): void {
    if (line === "") {
      if (this.#data.length > 0) events.push(this.#data.length === 1 ? (this.#data[0] ?? "") : this.#data.join("\n"));
      this.#data = [];
      this.#size = 0;
      return;
    }
    this.#size += line.length;
    if (this.#size > MAX_EVENT_CHARACTERS) throw tooLong();
    if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
  }
}

/** The events of a node's answer, as many at once as have arrived. An event cut off by the end is dropped. */
export class NodeEvents {
  readonly #body: NodeBody;
  readonly #parser = new EventParser();

  constructor(body: NodeBody) {
    this.#body = body;
  }

  /** At least one event; null at the end. @throws what broke the answer off, MalformedStreamError */
  async read(): Promise<string[] | null> {
    for (let chunk = await this.#body.read(); chunk !== null; chunk = await this.#body.read()) {
      const events = this.#parser.push(chunk);
      if (events.length > 0) return events;
    }
    return null;
  }
}

const tooLong = () => new MalformedStreamError("an event is longer than 1 MiB");

/** One event on the wire. */
export const eventFrame = (data: string): string => `data: ${data}\n\n`;

/** One event on the wire, with a name. */
export const namedFrame = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`;
