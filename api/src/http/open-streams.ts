import { InfrError } from "../errors.ts";
import type { ChangeListener } from "../live/change-listener.ts";
import { PUBLIC_TOPICS } from "../live/topics.ts";
import { EventStream } from "./event-stream.ts";

/** Open pages on one server: of one account, of all visitors, of all. */
const MAX_OF_ACCOUNT = 50;
const MAX_OF_VISITORS = 2_000;
const MAX_STREAMS = 10_000;

/** Visitors are one listener: they are told what everybody may know. */
export const VISITORS = "visitors";

/** More pages are open than anybody looks at: HTTP 429. */
export class TooManyStreamsError extends InfrError {
  readonly code = "too_many_streams";
  readonly status = 429;
  override readonly retryable = true;
  override readonly retryAfterSeconds = 60;
  constructor() {
    super("Too many pages are told of changes at the moment. Close some, or come back in a minute.");
  }
}

/** The pages that this server tells of changes. */
export class OpenStreams {
  readonly #changes: Pick<ChangeListener, "listen">;
  readonly #streams = new Map<string, Set<EventStream>>();
  #count = 0;

  constructor(changes: Pick<ChangeListener, "listen">) {
    this.#changes = changes;
  }

  /** @throws TooManyStreamsError */
  open(listener: string): EventStream {
    const streams = this.#streams.get(listener) ?? new Set();
    const most = listener === VISITORS ? MAX_OF_VISITORS : MAX_OF_ACCOUNT;
    if (streams.size >= most || this.#count >= MAX_STREAMS) throw new TooManyStreamsError();
    const stream = new EventStream();
    this.#streams.set(listener, streams.add(stream));
    this.#count += 1;
    const unlisten = this.#changes.listen(listener, (topic) => {
      if (listener !== VISITORS || PUBLIC_TOPICS.has(topic)) stream.tell(topic);
    });
    stream.body.once("close", () => {
      unlisten();
      stream.end();
      this.#count -= 1;
      streams.delete(stream);
      if (streams.size === 0) this.#streams.delete(listener);
    });
    return stream;
  }

  endAll(): void {
    for (const streams of this.#streams.values()) for (const stream of streams) stream.end();
  }
}
