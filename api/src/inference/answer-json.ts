import { type NanoUsd, nanoUsd } from "@infr/money";
import { NodeFailedError, readAtMost } from "./call-node.ts";
import { choicesOf, textOfAnswer } from "./node-api.ts";
import { isDeeperThan, isRecord, MAX_DEPTH } from "./read-fields.ts";
import { responseUsage } from "./response-usage.ts";
import type { Run } from "./run.ts";
import { readUsage } from "./usage.ts";

const MAX_ANSWER_BYTES = 16 * 1_048_576;
const MAX_ANSWER_MS = 30 * 60_000;
const NO_USAGE = responseUsage(
  { prompt: 0, cached: 0, completion: 0, reasoning: 0 },
  { prompt: nanoUsd(0n), cached: nanoUsd(0n), completion: nanoUsd(0n), reasoning: nanoUsd(0n) },
);

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

async function readAnswer(run: Run): Promise<Record<string, unknown>> {
  const { response, leaving, request, release } = run;
  const { signal } = leaving;
  const stop = () => response.body.destroy();
  const timer = setTimeout(stop, MAX_ANSWER_MS).unref();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const answer: unknown = JSON.parse(await readAtMost(response.body, MAX_ANSWER_BYTES));
    checkAnswer(run, answer);
    return answer;
  } catch (cause) {
    await release();
    throw new NodeFailedError({ model: request.model, cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    response.body.destroy();
  }
}

/** What can't be worded or sent has to fail before it is billed. @throws Error saying why it is no answer */
function checkAnswer({ requestId, request }: Run, answer: unknown): asserts answer is Record<string, unknown> {
  if (!isRecord(answer) || choicesOf(request.api, answer).length === 0) {
    throw new Error(`the node's answer has no ${request.api.list}`);
  }
  if (isDeeperThan(answer, MAX_DEPTH)) throw new Error(`the node's answer is deeper than ${MAX_DEPTH} levels`);
  request.present.answer(answer, { requestId, usage: NO_USAGE });
}
