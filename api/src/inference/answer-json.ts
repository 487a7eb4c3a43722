import type { NanoUsd } from "@infr/money";
import { NodeFailedError, readAtMost } from "./call-node.ts";
import { choicesOf, textOfAnswer } from "./node-api.ts";
import { isRecord } from "./read-fields.ts";
import type { Run } from "./run.ts";
import { readUsage } from "./usage.ts";

const MAX_ANSWER_BYTES = 16 * 1_048_576;
const MAX_ANSWER_MS = 30 * 60_000;

/**
 * A whole answer: read, counted, captured, and only then answered. A node that sends something else was no help:
 * nothing is charged, and neither when the client leaves before the node is done.
 * @throws InfrError
 */
export async function answerJson(run: Run): Promise<{ body: Record<string, unknown>; spendable: NanoUsd | null }> {
  const { requestId, request } = run;
  const answer = await readAnswer(run);
  const completionText = textOfAnswer(request.api, answer);
  const reported = readUsage(answer["usage"], request.api);
  const answered = { reported, completionText, relayedLength: completionText.length, drained: false };
  const { usage, spendable } = await run.bill(answered, "ok");
  return { body: request.present.answer(answer, { requestId, usage }), spendable };
}

async function readAnswer({ response, leaving: { signal }, request, release }: Run): Promise<Record<string, unknown>> {
  const stop = () => response.body.destroy();
  const timer = setTimeout(stop, MAX_ANSWER_MS).unref();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const answer: unknown = JSON.parse(await readAtMost(response.body, MAX_ANSWER_BYTES));
    if (isRecord(answer) && choicesOf(request.api, answer).length > 0) return answer;
    throw new Error(`the node's answer has no ${request.api.list}`);
  } catch (cause) {
    await release();
    throw new NodeFailedError({ model: request.model, cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    response.body.destroy();
  }
}
