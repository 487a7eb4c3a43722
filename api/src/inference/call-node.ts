import { Agent, type Dispatcher } from "undici";
import { InfrError } from "../errors.ts";
import { outboundConnector } from "../outbound/connector.ts";
import { NodeBody } from "./node-body.ts";

const HEADERS_TIMEOUT_MS = 120_000;
const BODY_TIMEOUT_MS = 120_000;
/** Answers that one node can be giving at once; more than this wait for a connection. */
const CONNECTIONS_PER_NODE = 4_096;
const MAX_ERROR_BYTES = 16_384;
const ERROR_BODY_MS = 5_000;

/** No node answered before the first byte: nothing was served and nothing is charged. */
export class NodeFailedError extends InfrError {
  readonly code = "node_failed";
  readonly status = 502;
  override readonly retryable = true;

  constructor({ model, cause }: { model: string; cause?: unknown }) {
    super(`No node could serve ${model} right now. You were not charged. Try again in a few seconds.`, { cause });
  }
}

/** The node refused the request itself: its answer is passed on. */
export class NodeRefusedError extends InfrError {
  readonly code: string = "node_refused";
  readonly status: number;

  constructor({ status, message }: { status: number; message: string }) {
    super(message);
    this.status = status;
  }
}

/**
 * Connections to nodes, kept alive. Redirects are never followed: a node may not send us elsewhere. Unless private
 * nodes are allowed, every connection is checked again: a name may lead elsewhere than when it was registered.
 */
export function openNodeAgent({ allowPrivate = false } = {}): Dispatcher {
  return new Agent({
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connections: CONNECTIONS_PER_NODE,
    pipelining: 1,
    connect: outboundConnector({ allowPrivate }),
  });
}

/** A node's answer, whose body has to be read or destroyed. */
export type NodeResponse = { body: NodeBody };

/** What a node may say of the request itself; anything else is the node's own trouble. */
const REFUSALS = [400, 413, 422];

type NodeCall = {
  agent: Dispatcher;
  url: string;
  path: string;
  body: Record<string, unknown>;
  signal: AbortSignal;
};

/**
 * Sends a request to a node. `identity` encoding, so that usage can be read as it passes. The signal counts
 * until the node begins to answer, or while it says what is wrong; from then on the body is the caller's to end.
 * @throws NodeFailedError on anything that another node might do better, NodeRefusedError on a 400, 413 or 422
 */
export async function callNode(call: NodeCall): Promise<NodeResponse> {
  try {
    const { statusCode, body } = await dispatch(call);
    if (statusCode === 200) return { body };
    const text = await readError(body, call.signal);
    if (REFUSALS.includes(statusCode)) throw new NodeRefusedError({ status: statusCode, message: errorMessage(text) });
    throw new Error(`HTTP ${statusCode} from ${call.url}`);
  } catch (cause) {
    throw cause instanceof NodeRefusedError ? cause : new NodeFailedError({ model: String(call.body["model"]), cause });
  }
}

/** Resolves when the node begins to answer, rejects when it never did or the signal came first. */
async function dispatch({ agent, url, path, body, signal }: NodeCall): Promise<{ statusCode: number; body: NodeBody }> {
  signal.throwIfAborted();
  const { origin, pathname } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<{ statusCode: number; body: NodeBody }>();
  let connection: Dispatcher.DispatchController | null = null;
  let answer: NodeBody | null = null;
  const abort = (): void => {
    reject(signal.reason);
    connection?.abort(signal.reason);
  };
  const options = {
    origin,
    path: `${pathname.replace(/\/$/, "")}${path}`,
    method: "POST" as const,
    headers: { "content-type": "application/json", accept: "*/*", "accept-encoding": "identity" },
    body: JSON.stringify(body),
  };
  signal.addEventListener("abort", abort, { once: true });
  agent.dispatch(options, {
    onRequestStart: (controller) => {
      connection = controller;
      if (signal.aborted) controller.abort(signal.reason);
    },
    onResponseStart: (controller, statusCode) => {
      if (statusCode < 200) return; // informational (RFC 9110, 15.2): the answer is still to come
      answer = new NodeBody(controller);
      resolve({ statusCode, body: answer });
    },
    onResponseData: (_, chunk) => answer?.push(chunk),
    onResponseEnd: () => answer?.end(),
    onResponseError: (_, error) => {
      answer?.fail(error);
      reject(error);
    },
  });
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

/** What a node says is wrong. Money is on hold meanwhile: a node that takes its time, or a client's leaving, ends it. */
async function readError(body: NodeBody, signal: AbortSignal): Promise<string> {
  const stop = () => body.destroy();
  const timer = setTimeout(stop, ERROR_BODY_MS).unref();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    return await readAtMost(body, MAX_ERROR_BYTES);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    body.destroy();
  }
}

/** A body's text, cut off (and the connection with it) at a limit. */
export async function readAtMost(
  body: AsyncIterable<Buffer> & { destroy: () => unknown },
  limit: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) {
      body.destroy();
      break;
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}

function errorMessage(text: string): string {
  try {
    const message: unknown = JSON.parse(text)?.error?.message;
    if (typeof message === "string") return message.slice(0, 1_000);
  } catch {
    // not JSON: the plain sentence below has to do
  }
  return "The node refused this request. Check its parameters.";
}
