const MAX_FRAME_CHARACTERS = 1_048_576;

/** A server-sent stream that is not one: a line without end. */
export class MalformedStreamError extends Error {
  override readonly name = "MalformedStreamError";
}

/**
 * The `data:` payloads of a server-sent event stream (WHATWG HTML, 9.2), one string each, as they arrive. Comments and
 * other fields are left out; an event cut off by the end of the stream is dropped.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > MAX_FRAME_CHARACTERS) throw new MalformedStreamError("an event is longer than 1 MiB");
    for (const line of lines) {
      if (line === "" && data.length > 0) {
        yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
}

/** One event on the wire. */
export const eventFrame = (data: string): string => `data: ${data}\n\n`;
