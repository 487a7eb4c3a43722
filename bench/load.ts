import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What a server is asked, again and again, over kept-alive connections. */
export type Question = { port: number; path: string; headers: Record<string, string>; body: string };

/** Answers a second, and how long they took, in milliseconds. */
export type LoadFigures = { perSecond: number; p50: number; p99: number; failed: number };

/**
 * Asks over so many connections at once, each the next question as soon as the last is answered. Raw sockets and no
 * more parsing than finding an answer's end: on two cores a dear client would be what is measured.
 */
export async function load(
  question: Question,
  { connections, ms }: { connections: number; ms: number },
): Promise<LoadFigures> {
  const request = requestBytes(question);
  const latencies: number[] = [];
  let failed = 0;
  const until = performance.now() + ms;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(question.port, "127.0.0.1").setNoDelay(true);
      await once(socket, "connect");
      const answers = new Answers(socket);
      while (performance.now() < until) {
        const askedAt = performance.now();
        socket.write(request);
        if ((await answers.next()) === 200) latencies.push(performance.now() - askedAt);
        else failed += 1;
      }
      socket.destroy();
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    failed,
  };
}

export const quantile = (sorted: number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

export const median = (values: number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

/** An HTTP/1.1 request on the wire. */
export function requestBytes({ path, headers, body }: Question): Buffer {
  const lines = Object.entries({
    host: "127.0.0.1",
    "content-type": "application/json",
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** Finds where one answer with a `content-length` ends. */
class Answers {
  #received = "";
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(socket: Socket) {
    socket.on("data", (chunk) => {
      this.#received += chunk.toString("latin1");
      this.#wake?.();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** @returns the status of the next answer, 0 if the connection ended */
  async next(): Promise<number> {
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end >= 0) {
        const length = /content-length: (\d+)/i.exec(this.#received.slice(0, end))?.[1];
        if (length === undefined) throw new Error("an answer without content-length");
        const whole = end + 4 + Number(length);
        if (this.#received.length >= whole) {
          const status = Number(this.#received.slice(9, 12));
          this.#received = this.#received.slice(whole);
          return status;
        }
      }
      if (this.#closed) return 0;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
