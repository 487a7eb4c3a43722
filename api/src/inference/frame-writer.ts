import type { Writable } from "node:stream";

const KEEP_ALIVE_MS = 15_000;
const STALLED_MS = 60_000;

/** Why a run is broken off when nobody takes its answer any more. Made once: a reason with a stack of its own is dear. */
export const LEFT = new Error("the client left");

/**
 * Writes frames at the reader's pace. A comment goes out whenever nothing else did for 15 seconds, so that proxies
 * keep the connection; a reader that takes nothing for 60 seconds has left.
 */
export class FrameWriter {
  readonly #out: Writable;
  readonly #leaving: AbortController;
  readonly #keepAlive: NodeJS.Timeout;
  /** Aborts when the reader has left, or who passed `leaving` in says so. */
  readonly signal: AbortSignal;

  constructor(out: Writable, leaving: AbortController) {
    this.#out = out;
    this.#leaving = leaving;
    this.signal = leaving.signal;
    this.#keepAlive = setInterval(() => {
      if (!out.writableNeedDrain && !out.writableEnded && !out.destroyed) out.write(": keepalive\n\n");
    }, KEEP_ALIVE_MS).unref();
    out.once("close", () => {
      if (!out.writableFinished) leaving.abort(LEFT);
    });
    out.on("error", () => leaving.abort(LEFT));
    if (out.destroyed) leaving.abort(LEFT);
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
      const timer = setTimeout(() => this.#leaving.abort(LEFT), STALLED_MS);
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
