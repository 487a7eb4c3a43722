const MAX_EVENT_CHARACTERS = 1_048_576;

/** A server-sent stream that is not one: an event without end. */
export class MalformedStreamError extends Error {
  override readonly name = "MalformedStreamError";
}

/**
 * The `data:` payloads of a server-sent event stream (WHATWG HTML, 9.2), one string each, as they arrive. Comments and
 * other fields are left out; an event cut off by the end of the stream is dropped.
 * @throws MalformedStreamError when an event has more than 1 MiB, over all of its lines
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  let size = 0;
  for await (const line of readLines(body)) {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
      size = 0;
      continue;
    }
    size += line.length;
    if (size > MAX_EVENT_CHARACTERS) throw tooLong();
    if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
  }
}

/** Lines that end in CR, LF or both. What has been looked through is not looked through again. */
async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let size = 0;
  let afterReturn = false;
  for await (const chunk of body) {
    const decoded = decoder.decode(chunk, { stream: true });
    if (decoded === "") continue;
    // A line feed that completes a CRLF whose CR ended the line already.
    const text = afterReturn && decoded.startsWith("\n") ? decoded.slice(1) : decoded;
    afterReturn = decoded.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      yield begun.join("") + line;
      begun = [];
      size = 0;
    }
    begun.push(rest);
    size += rest.length;
    if (size > MAX_EVENT_CHARACTERS) throw tooLong();
  }
}

const tooLong = () => new MalformedStreamError("an event is longer than 1 MiB");

/** What OpenAI's streams end with. */
export const DONE = "[DONE]";

/** One event on the wire. */
export const eventFrame = (data: string): string => `data: ${data}\n\n`;

/** One event on the wire, with a name. */
export const namedFrame = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`;
