import { Agent, type Dispatcher, request as httpRequest } from "undici";
import { InfrError } from "../errors.ts";

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

/** The node refused the request itself (HTTP 4xx): its answer is passed on. */
export class NodeRefusedError extends InfrError {
  readonly code: string = "node_refused";
  readonly status: number;

  constructor({ status, message }: { status: number; message: string }) {
    super(message);
    this.status = status;
  }
}

/** Connections to nodes, kept alive. Redirects are never followed: a node may not send us elsewhere. */
export const openNodeAgent = (): Dispatcher =>
  new Agent({
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    connections: 512,
    pipelining: 1,
  });

/** A node's answer, whose body has to be read or destroyed. */
export type NodeResponse = { contentType: string; body: Dispatcher.ResponseData["body"] };

/**
 * Sends a chat completion to a node. `identity` encoding, so that usage can be read as it passes.
 * @throws NodeFailedError on anything that another node might do better, NodeRefusedError on a 4xx
 */
export async function callNode({
  agent,
  url,
  body,
  signal,
}: {
  agent: Dispatcher;
  url: string;
  body: Record<string, unknown>;
  signal: AbortSignal;
}): Promise<NodeResponse> {
  const model = String(body["model"]);
  let response: Dispatcher.ResponseData;
  try {
    response = await httpRequest(`${url.replace(/\/$/, "")}/v1/chat/completions`, {
      dispatcher: agent,
      method: "POST",
      headers: { "content-type": "application/json", accept: "*/*", "accept-encoding": "identity" },
      body: JSON.stringify(body),
      signal,
    });
  } catch (cause) {
    throw new NodeFailedError({ model, cause });
  }
  if (response.statusCode === 200)
    return { contentType: String(response.headers["content-type"] ?? ""), body: response.body };
  const text = await readAtMost(response.body, MAX_ERROR_BYTES);
  if (response.statusCode >= 400 && response.statusCode < 500 && ![401, 403, 404, 429].includes(response.statusCode)) {
    throw new NodeRefusedError({ status: response.statusCode, message: errorMessage(text) });
  }
  throw new NodeFailedError({ model, cause: new Error(`HTTP ${response.statusCode} from ${url}`) });
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
