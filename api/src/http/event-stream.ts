import { PassThrough } from "node:stream";
import type { Topic } from "../live/topics.ts";

/** So that neither proxies nor browsers take the silence for an end. */
const HEARTBEAT_MS = 20_000;
/** Then it ends and the browser comes back, with a session that is looked at anew. */
const LIFETIME_MS = 5 * 60_000;
/** How long a browser waits before it comes back, in milliseconds. */
const RETRY_MS = 2_000;
/** A reader who has not taken this much in has gone without a word. */
const MAX_WAITING_BYTES = 16_384;

/** One page that is told what changes (server-sent events, HTML Living Standard, 9.2). */
export class EventStream {
  readonly body = new PassThrough();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #end: NodeJS.Timeout;

  constructor() {
    this.#heartbeat = setInterval(() => this.#write(": still here\n\n"), HEARTBEAT_MS).unref();
    this.#end = setTimeout(() => this.end(), LIFETIME_MS).unref();
    this.#write(`retry: ${RETRY_MS}\n\n`);
    // What was fetched before now may be older than what is told from now on.
    this.tell("*");
  }

  tell(topic: Topic): void {
    this.#write(`event: change\ndata: ${topic}\n\n`);
  }

  end(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#end);
    this.body.end();
  }

  #write(text: string): void {
    if (this.body.writableEnded) return;
    if (this.body.writableLength + this.body.readableLength > MAX_WAITING_BYTES) this.body.destroy();
    else this.body.write(text);
  }
}
