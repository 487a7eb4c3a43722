import { isIP } from "node:net";
import { Agent, buildConnector, type Dispatcher, request as httpRequest } from "undici";
import { InfrError } from "../errors.ts";
import { isPublicAddress, PrivateAddressError, publicLookup } from "./public-address.ts";

const HEADERS_TIMEOUT_MS = 120_000;
const BODY_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 5_000;
const MAX_ERROR_BYTES = 16_384;

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
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    ...(allowPrivate ? {} : { lookup: publicLookup() }),
  });
  return new Agent({
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connections: 512,
    pipelining: 1,
    connect: (options, callback) => {
      // Addresses are not looked up.
      const name = options.hostname.replace(/^\[|\]$/g, "");
      if (!allowPrivate && isIP(name) !== 0 && !isPublicAddress(name)) callback(new PrivateAddressError(name), null);
      else connect(options, callback);
    },
  });
}

/** A node's answer, whose body has to be read or destroyed. */
export type NodeResponse = { body: Dispatcher.ResponseData["body"] };

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
 * until the node begins to answer; from then on the body is the caller's to end.
 * @throws NodeFailedError on anything that another node might do better, NodeRefusedError on a 400, 413 or 422
 */
export async function callNode({ agent, url, path, body, signal }: NodeCall): Promise<NodeResponse> {
  const model = String(body["model"]);
  const calling = new AbortController();
  const abort = () => calling.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    const response = await httpRequest(`${url.replace(/\/$/, "")}${path}`, {
      dispatcher: agent,
      method: "POST",
      headers: { "content-type": "application/json", accept: "*/*", "accept-encoding": "identity" },
      body: JSON.stringify(body),
      signal: calling.signal,
    });
    // Destroyed bodies emit an error, which nobody may be listening to any more.
    response.body.on("error", () => {});
    if (response.statusCode === 200) return { body: response.body };
    const text = await readAtMost(response.body, MAX_ERROR_BYTES);
    if (REFUSALS.includes(response.statusCode)) {
      throw new NodeRefusedError({ status: response.statusCode, message: errorMessage(text) });
    }
    throw new Error(`HTTP ${response.statusCode} from ${url}`);
  } catch (cause) {
    throw cause instanceof NodeRefusedError ? cause : new NodeFailedError({ model, cause });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A body's text, cut off (and the connection with it) at a limit. */
export async function readAtMost(body: NodeResponse["body"], limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
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
