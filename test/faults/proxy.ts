import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * How a proxy treats what passes through it:
 * `open`: as it comes · `refuse`: connections are reset · `silent`: taken, and never answered · `slow`: every piece waits ·
 * `answer`: HTTP requests are answered in place of the one behind.
 */
export type Mode =
  | { kind: "open" }
  | { kind: "refuse" }
  | { kind: "silent" }
  | { kind: "slow"; delayMs: number }
  | { kind: "answer"; answer: (request: string) => string };

/**
 * What happens to one request: it passes; it passes and its answer is cut off; it is lost and the connection says nothing
 * more; it is answered by somebody else.
 */
export type Verdict = "pass" | "cut" | "lose" | { answer: string };

/** Looks at what a client sends. */
export type Interceptor = (request: string) => Verdict | Promise<Verdict>;

/** Looks at what a server answers: it passes, both ends are told that it is lost, or nobody is, now and later. */
export type AnswerInterceptor = (answer: string) => "pass" | "cut" | "lose";

export const OPEN: Mode = { kind: "open" };
const passAll: Interceptor = () => "pass";

type Pair = { client: Socket; server: Socket; isDeaf: boolean };

/** A TCP proxy between a client and a server that does to them what networks do. Knows no protocol but for HTTP answers. */
export class FaultProxy {
  readonly #listener: Server;
  readonly #target: () => number;
  readonly #pairs = new Set<Pair>();
  #mode: Mode = OPEN;
  #intercept: Interceptor = passAll;
  #interceptAnswers: AnswerInterceptor = () => "pass";

  private constructor(target: () => number) {
    this.#target = target;
    this.#listener = createServer((client) => this.#accept(client));
  }

  /** @param target port of the server, asked for with every connection: it may be another one by then */
  static async start(target: () => number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** From now on; `refuse` also ends the connections there are. */
  setMode(mode: Mode): void {
    this.#mode = mode;
    if (mode.kind === "refuse") this.cutAll();
  }

  /** Looks at every request from now on. */
  intercept(interceptor: Interceptor): void {
    this.#intercept = interceptor;
  }

  /** Looks at every answer from now on. */
  interceptAnswers(interceptor: AnswerInterceptor): void {
    this.#interceptAnswers = interceptor;
  }

  /** As if nothing had been; connections that were left in silence are ended. */
  heal(): void {
    const wasSilent = this.#mode.kind === "silent";
    this.#mode = OPEN;
    this.#intercept = passAll;
    this.#interceptAnswers = () => "pass";
    if (wasSilent) this.cutAll();
  }

  /** What there is of connections carries nothing any more, and nobody is told; new ones are as they should be. */
  deafen(): void {
    for (const pair of this.#pairs) pair.isDeaf = true;
  }

  /** Resets every connection. */
  cutAll(): void {
    for (const pair of this.#pairs) end(pair);
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #accept(client: Socket): void {
    const pair: Pair = { client, server: connect(this.#target(), "127.0.0.1"), isDeaf: false };
    if (this.#mode.kind === "refuse") {
      client.resetAndDestroy();
      pair.server.destroy();
      return;
    }
    this.#pairs.add(pair);
    for (const socket of [pair.client, pair.server]) {
      socket.setNoDelay(true);
      socket.on("error", () => end(pair));
      socket.on("close", () => {
        this.#pairs.delete(pair);
        end(pair);
      });
    }
    void this.#carryRequests(pair);
    void this.#carryAnswers(pair);
  }

  async #carryRequests(pair: Pair): Promise<void> {
    for await (const piece of pieces(pair.client)) {
      const mode = this.#mode;
      if (mode.kind === "silent" || pair.isDeaf) continue;
      if (mode.kind === "slow") await sleep(mode.delayMs);
      const request = piece.toString("latin1");
      const verdict = mode.kind === "answer" ? answered(request, mode.answer) : await this.#intercept(request);
      if (verdict === "lose") continue;
      if (verdict === "cut") pair.server.once("data", () => end(pair));
      if (typeof verdict === "object") {
        pair.client.end(verdict.answer);
        pair.server.destroy();
      } else if (!pair.server.destroyed) pair.server.write(piece);
    }
    pair.server.end();
  }

  async #carryAnswers(pair: Pair): Promise<void> {
    for await (const piece of pieces(pair.server)) {
      if (this.#mode.kind === "silent" || pair.isDeaf) continue;
      if (this.#mode.kind === "slow") await sleep(this.#mode.delayMs);
      const verdict = this.#interceptAnswers(piece.toString("latin1"));
      if (verdict === "cut") end(pair);
      if (verdict === "lose") pair.isDeaf = true;
      if (verdict !== "pass") continue;
      if (!pair.client.destroyed) pair.client.write(piece);
    }
    pair.client.end();
  }
}

function end({ client, server }: Pair): void {
  if (!client.destroyed) client.resetAndDestroy();
  server.destroy();
}

/** What a socket sends, until it ends in whatever way. */
async function* pieces(socket: Socket): AsyncGenerator<Buffer> {
  try {
    for await (const piece of socket) yield piece as Buffer;
  } catch {
    // reset by one of both: the pair ends
  }
}

/** A request's head and body may come in two pieces: only the one with the body is answered. */
const answered = (request: string, answer: (request: string) => string): Verdict =>
  request.includes('"method"') ? { answer: answer(request) } : "pass";

const reply = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;

const idOf = (request: string): string => /"id":\s*(\d+)/.exec(request)?.[1] ?? "null";

/** Answers of a node in trouble, and of one that lost something. */
export const badAnswers = {
  unavailable: () => reply("503 Service Unavailable", "no upstream"),
  limited: (request: string) =>
    reply(
      "429 Too Many Requests",
      `{"jsonrpc":"2.0","id":${idOf(request)},"error":{"code":-32005,"message":"limit exceeded"}}`,
    ),
  broken: (request: string) =>
    reply("200 OK", `{"jsonrpc":"2.0","id":${idOf(request)},"error":{"code":-32603,"message":"internal error"}}`),
  nothing: (request: string) => reply("200 OK", `{"jsonrpc":"2.0","id":${idOf(request)},"result":null}`),
} as const;

/** Whether a request calls a JSON-RPC method. */
export const calls = (request: string, method: string): boolean => request.includes(`"${method}"`);
