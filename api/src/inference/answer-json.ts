import { NodeFailedError, readAtMost } from "./call-node.ts";
import type { RunningChat } from "./chat.ts";
import { isRecord } from "./chat-request.ts";
import { billedUsage, readUsage } from "./usage.ts";

const MAX_ANSWER_BYTES = 16 * 1_048_576;

/**
 * A whole completion: read, counted, captured, and only then answered. A node that sends something else was no help:
 * nothing is charged.
 * @throws NodeFailedError, HoldExpiredError
 */
export async function answerJson(chat: RunningChat): Promise<Record<string, unknown>> {
  const answer = await readAnswer(chat);
  const usage = billedUsage({
    request: chat.request,
    reported: readUsage(answer["usage"]),
    completionText: answerText(answer),
    maxTokens: chat.maxTokens,
    drained: false,
  });
  return { ...answer, id: chat.requestId, usage: await chat.capture(usage, "ok") };
}

async function readAnswer(chat: RunningChat): Promise<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(await readAtMost(chat.response.body, MAX_ANSWER_BYTES));
    if (isRecord(answer) && Array.isArray(answer["choices"])) return answer;
    throw new Error("the node's answer is not a chat completion");
  } catch (cause) {
    await chat.release();
    throw new NodeFailedError({ model: chat.request.model, cause });
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
