import type { Writable } from "node:stream";

const KEEP_ALIVE_MS = 15_000;
const STALLED_MS = 60_000;

/**
 * Writes frames at the reader's pace. A comment goes out whenever nothing else did for 15 seconds, so that proxies
 * keep the connection; a reader that takes nothing for 60 seconds has left.
 */
export class FrameWriter {
  readonly #out: Writable;
  readonly #left = new AbortController();
  readonly #keepAlive: NodeJS.Timeout;
  /** Aborts when the reader has left, or with the signal that was passed in. */
  readonly signal: AbortSignal;

  constructor(out: Writable, signal: AbortSignal) {
    this.#out = out;
    this.signal = AbortSignal.any([signal, this.#left.signal]);
    this.#keepAlive = setInterval(() => {
      if (!out.writableNeedDrain && !out.writableEnded && !out.destroyed) out.write(": keepalive\n\n");
    }, KEEP_ALIVE_MS).unref();
    out.once("close", () => this.#left.abort());
    out.on("error", () => this.#left.abort());
    if (out.destroyed) this.#left.abort();
  }

  /** Resolves when the next frame may come: at once, when the reader has caught up, or when it has left. */
  async write(frame: string): Promise<void> {
    if (this.signal.aborted) return;
    this.#keepAlive.refresh();
    if (!this.#out.write(frame)) await this.#drained();
  }

  end(): void {
    clearInterval(this.#keepAlive);
    this.#out.end();
  }

  /** Cuts the reader off: no reader takes what it has for the whole answer. */
  cut(): void {
    clearInterval(this.#keepAlive);
    this.#out.destroy(new Error("the stream was broken off"));
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#left.abort(), STALLED_MS);
      const done = () => {
        clearTimeout(timer);
        this.#out.off("drain", done);
        this.signal.removeEventListener("abort", done);
        resolve();
      };
      this.#out.once("drain", done);
      this.signal.addEventListener("abort", done, { once: true });
    });
  }
}
