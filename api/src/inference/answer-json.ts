import { NodeFailedError, readAtMost } from "./call-node.ts";
import type { RunningChat } from "./chat.ts";
import { isRecord } from "./chat-request.ts";
import { readUsage } from "./usage.ts";

const MAX_ANSWER_BYTES = 16 * 1_048_576;
const MAX_ANSWER_MS = 30 * 60_000;

/**
 * A whole completion: read, counted, captured, and only then answered. A node that sends something else was no help:
 * nothing is charged, and neither when the client leaves before the node is done.
 * @throws InfrError
 */
export async function answerJson(chat: RunningChat): Promise<Record<string, unknown>> {
  const answer = await readAnswer(chat);
  const answered = { reported: readUsage(answer["usage"]), completionText: answerText(answer), drained: false };
  return { ...answer, id: chat.requestId, usage: await chat.bill(answered, "ok") };
}

async function readAnswer({ response, signal, request, release }: RunningChat): Promise<Record<string, unknown>> {
  const stop = () => response.body.destroy();
  const timer = setTimeout(stop, MAX_ANSWER_MS).unref();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const answer: unknown = JSON.parse(await readAtMost(response.body, MAX_ANSWER_BYTES));
    if (isRecord(answer) && Array.isArray(answer["choices"])) return answer;
    throw new Error("the node's answer is not a chat completion");
  } catch (cause) {
    await release();
    throw new NodeFailedError({ model: request.model, cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    response.body.destroy();
  }
}

/** Everything a model wrote in an answer: content, reasoning, refusals, tool calls. */
function answerText(answer: Record<string, unknown>): string {
  const choices = Array.isArray(answer["choices"]) ? answer["choices"] : [];
  return choices.map((choice) => (isRecord(choice) ? writtenText(choice["message"]) : "")).join("");
}

/** What a model wrote in a message or in the delta of a chunk. */
export function writtenText(message: unknown): string {
  if (!isRecord(message)) return "";
  const { content, reasoning_content: reasoningContent, reasoning, refusal, tool_calls: toolCalls } = message;
  const texts = [content, reasoningContent ?? reasoning, refusal].filter((text) => typeof text === "string");
  const calls = Array.isArray(toolCalls) ? toolCalls.map(calledText) : [];
  return [...texts, ...calls].join("");
}

function calledText(call: unknown): string {
  const called = isRecord(call) ? call["function"] : null;
  return isRecord(called) ? `${textOf(called["name"])}${textOf(called["arguments"])}` : "";
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
