import { type Dispatcher, request as httpRequest } from "undici";
import { InfrError } from "../errors.ts";
import { PrivateAddressError } from "../outbound/public-address.ts";
import { callNode, readAtMost } from "./call-node.ts";
import { chatApi, completionsApi, embeddingsApi, type NodeApi } from "./node-api.ts";
import { isRecord } from "./read-fields.ts";

const LIST_MS = 5_000;
const MAX_LIST_BYTES = 262_144;
/** A model may have to be loaded first. */
const ANSWER_MS = 30_000;
const MAX_ANSWER_BYTES = 65_536;
/** Of many models only the first are asked for an answer; canaries come to the others. */
const MAX_ASKED = 5;
const MAX_LISTED = 20;

/** The node at this URL does not answer, or does not serve what is offered. */
export class NodeProbeError extends InfrError {
  readonly code = "node_probe_failed";
  readonly status = 422;
  override readonly param = "url";
}

/** The smallest thing that can be asked of a model, in each of the ways it may answer. */
const SMALLEST: Array<{ api: NodeApi; body: object }> = [
  { api: chatApi, body: { messages: [{ role: "user", content: "Say ok." }], max_tokens: 1 } },
  { api: completionsApi, body: { prompt: "ok", max_tokens: 1 } },
  { api: embeddingsApi, body: { input: "ok" } },
];

/**
 * Makes sure that a node lists the models and answers, within 35 seconds and few bytes.
 * @returns where the models that were asked answer
 * @throws NodeProbeError, PrivateAddressError
 */
export async function probeNode(agent: Dispatcher, { url, models }: { url: string; models: string[] }) {
  const served = await readServed(agent, url);
  const missing = models.filter((id) => !served.includes(id));
  if (missing.length > 0) {
    throw new NodeProbeError(`The node does not serve ${listed(missing)}. It serves ${listed(served)}.`);
  }
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answers = models.slice(0, MAX_ASKED).map(async (model) => {
    const path = await findPath(agent, { url, model, signal });
    return [model, path] as const;
  });
  return new Map(await Promise.all(answers));
}

type Question = { url: string; model: string; signal: AbortSignal };

async function findPath(agent: Dispatcher, question: Question): Promise<string> {
  let failure: unknown;
  for (const { api } of SMALLEST) {
    try {
      await askSmallest(agent, { ...question, path: api.path });
      return api.path;
    } catch (error) {
      failure ??= error;
      if (question.signal.aborted) break;
    }
  }
  const cause = failure instanceof Error ? (failure.cause ?? failure) : failure;
  const reason = cause instanceof Error ? ` (${cause.message.slice(0, 200)})` : "";
  throw new NodeProbeError(
    `The node lists ${question.model.slice(0, 128)} but does not answer a request for one token of it${reason}.`,
    { cause },
  );
}

/** Asks a model for one token, and reads what it says. @throws when that is no answer */
export async function askSmallest(
  agent: Dispatcher,
  { url, model, path, signal }: Question & { path: string },
): Promise<void> {
  const smallest = SMALLEST.find(({ api }) => api.path === path);
  if (!smallest) throw new Error(`nothing is known to be asked at ${path}`);
  const { body } = await callNode({ agent, url, path, body: { model, ...smallest.body }, signal });
  const stop = () => body.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const answer: unknown = JSON.parse(await readAtMost(body, MAX_ANSWER_BYTES));
    const list = isRecord(answer) ? answer[smallest.api.list] : null;
    if (!Array.isArray(list) || list.length === 0) throw new Error(`its answer has no ${smallest.api.list}`);
  } finally {
    signal.removeEventListener("abort", stop);
    body.destroy();
  }
}

/** What the node says it serves. Its name is looked up by the agent, which refuses private addresses. */
async function readServed(agent: Dispatcher, url: string): Promise<string[]> {
  try {
    const { statusCode, body } = await httpRequest(`${url}/v1/models`, {
      dispatcher: agent,
      headers: { accept: "application/json", "accept-encoding": "identity" },
      signal: AbortSignal.timeout(LIST_MS),
    });
    body.on("error", () => {});
    const answer: unknown = JSON.parse(await readAtMost(body, MAX_LIST_BYTES));
    if (statusCode !== 200 || !isRecord(answer) || !Array.isArray(answer["data"]))
      throw new Error(`HTTP ${statusCode}`);
    return answer["data"].map((model) => (isRecord(model) ? model["id"] : null)).filter((id) => typeof id === "string");
  } catch (cause) {
    if (cause instanceof PrivateAddressError) throw cause;
    throw new NodeProbeError(
      `GET ${url}/v1/models does not answer with a list of models. Start the node, then register it.`,
      { cause },
    );
  }
}

function listed(ids: string[]): string {
  const shown = ids.slice(0, MAX_LISTED).map((id) => id.slice(0, 128));
  return ids.length > MAX_LISTED ? `${shown.join(", ")} and ${ids.length - MAX_LISTED} more` : shown.join(", ");
}
