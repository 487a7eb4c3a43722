import type { Dispatcher } from "undici";

const MAX_QUEUED_BYTES = 65_536;
const NOT_WANTED = new Error("the rest of the answer is not wanted");

type Reader = { resolve: (chunk: Buffer | null) => void; reject: (error: Error) => void };

/**
 * The body of a node's answer, chunk by chunk, at its one reader's pace. Less than a Node stream, and about half of its
 * cost: every answer passes through here.
 */
export class NodeBody {
  readonly #connection: Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort">;
  #queue: Buffer[] = [];
  #queued = 0;
  #reader: Reader | null = null;
  #ended = false;
  #error: Error | null = null;

  constructor(connection: Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort">) {
    this.#connection = connection;
  }

  /** The next chunk, null at the end. Only one reader at a time. @throws what broke the answer off */
  read(): Promise<Buffer | null> {
    const chunk = this.#queue.shift();
    if (chunk) {
      this.#queued -= chunk.length;
      if (this.#queue.length === 0 && !this.#ended) this.#connection.resume();
      return Promise.resolve(chunk);
    }
    if (this.#error) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** Nobody will read on: the connection is given up, unless the answer has ended. */
  destroy(reason: Error = NOT_WANTED): void {
    if (this.#ended) return;
    this.fail(reason);
    this.#connection.abort(reason);
  }

  push(chunk: Buffer): void {
    if (this.#ended) return;
    const reader = this.#takeReader();
    if (reader) return reader.resolve(chunk);
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued > MAX_QUEUED_BYTES) this.#connection.pause();
  }

  end(): void {
    this.#ended = true;
    this.#takeReader()?.resolve(null);
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#queue = [];
    this.#takeReader()?.reject(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
  }

  #takeReader(): Reader | null {
    const reader = this.#reader;
    this.#reader = null;
    return reader;
  }
}
