import { writtenText } from "./answer-json.ts";
import { NodeFailedError } from "./call-node.ts";
import type { RunningChat } from "./chat.ts";
import { isRecord } from "./chat-request.ts";
import { eventFrame, readEvents } from "./sse.ts";
import { billedUsage, type ReportedUsage, readUsage } from "./usage.ts";

const DONE = "[DONE]";
const DRAIN_MS = 1_000;
const MAX_COMPLETION_CHARACTERS = 16 * 1_048_576;

/** How far a stream has come. */
type Progress = {
  text: string;
  /** Some of the text was passed on. */
  relayed: boolean;
  reported: ReportedUsage | null;
  /** `[DONE]`, a finish reason or usage was seen: the answer is whole. */
  ended: boolean;
  /** The last chunk, whose object, model and time the usage chunk repeats. */
  last: Record<string, unknown>;
};

type Stream = { chat: RunningChat; events: AsyncGenerator<string>; progress: Progress };

/**
 * A streamed completion, frame by frame. Frames pass as they come; only the closing ones (usage, `[DONE]`) wait for the
 * capture. Whatever happens, the hold ends here: completed, broken off by the node, or left by the client, in which
 * case the rest is drained for a bounded time, and otherwise billed at what was relayed. Nothing relayed costs nothing.
 */
export async function* answerStream(chat: RunningChat, signal: AbortSignal): AsyncGenerator<string> {
  const stream: Stream = {
    chat,
    events: readEvents(chat.response.body),
    progress: { text: "", relayed: false, reported: null, ended: false, last: {} },
  };
  // A node that has gone quiet would keep us waiting after the client left.
  const stopReading = () => setTimeout(() => chat.response.body.destroy(), DRAIN_MS).unref();
  signal.addEventListener("abort", stopReading, { once: true });
  let settled = false;
  try {
    const failure = yield* relay(stream, signal);
    if (signal.aborted) return;
    settled = true;
    const usage = await endHold(stream, false);
    if (failure) yield eventFrame(JSON.stringify(brokenOff(chat.request.model, failure)));
    else if (usage) yield* closingFrames(stream, usage);
  } catch (error) {
    if (!settled) throw error;
    // The capture failed: without it the answer is not closed, so that no client takes it for complete.
    yield eventFrame(JSON.stringify(brokenOff(chat.request.model, error)));
  } finally {
    signal.removeEventListener("abort", stopReading);
    if (!settled) {
      await drain(stream);
      await endHold(stream, true);
    }
    chat.response.body.destroy();
  }
}

/** @returns why the node did not finish its answer, null if it did or the client left */
async function* relay({ chat, events, progress }: Stream, signal: AbortSignal): AsyncGenerator<string, unknown> {
  const usagePlaceholder = chat.request.includeUsage ? { usage: null } : {};
  try {
    // Not `for await`: leaving that loop would close the events, and an abandoned stream is drained.
    for (let next = await events.next(); !next.done; next = await events.next()) {
      const chunk = note(next.value, progress);
      if (signal.aborted || next.value === DONE) return null;
      if (chunk === null) continue;
      progress.relayed ||= progress.text !== "";
      const { usage: _, ...rest } = chunk;
      yield eventFrame(JSON.stringify({ ...rest, id: chat.requestId, ...usagePlaceholder }));
    }
  } catch (error) {
    return error;
  }
  return progress.ended ? null : new Error("the node closed the stream");
}

/** Takes down what an event tells. @returns the chunk to relay, null for one that is held back or none */
function note(data: string, progress: Progress): Record<string, unknown> | null {
  if (data === DONE) {
    progress.ended = true;
    return null;
  }
  const chunk: unknown = JSON.parse(data);
  if (!isRecord(chunk)) throw new Error("the node sent an event that is not an object");
  if (chunk["error"] !== undefined) throw new Error("the node sent an error");
  const reported = readUsage(chunk["usage"]);
  if (reported) {
    progress.reported = reported;
    progress.ended = true;
  }
  progress.last = chunk;
  const choices = Array.isArray(chunk["choices"]) ? chunk["choices"] : [];
  for (const choice of choices) {
    if (!isRecord(choice)) continue;
    progress.text += writtenText(choice["delta"]);
    if (typeof choice["finish_reason"] === "string") progress.ended = true;
  }
  if (progress.text.length > MAX_COMPLETION_CHARACTERS) throw new Error("the node does not stop");
  return choices.length === 0 ? null : chunk;
}

/** The client is gone: what the node still says within a second is counted, so that its usage frame may arrive. */
async function drain({ chat, events, progress }: Stream): Promise<void> {
  const relayedText = progress.text;
  const timer = setTimeout(() => chat.response.body.destroy(), DRAIN_MS);
  try {
    for await (const data of events) {
      note(data, progress);
      if (data === DONE) break;
    }
  } catch {
    // it ended early: what was relayed is known
  } finally {
    clearTimeout(timer);
  }
  // Only a drain that reached the node's own count may bill more than was relayed.
  if (!progress.reported) progress.text = relayedText;
}

/** @returns what was charged, null when nothing was: no text reached the client, and the answer was not an empty one */
async function endHold({ chat, progress }: Stream, left: boolean) {
  if (!progress.relayed && (left || !progress.ended)) {
    await chat.release();
    return null;
  }
  const usage = billedUsage({
    request: chat.request,
    reported: progress.reported,
    completionText: progress.text,
    maxTokens: chat.maxTokens,
    drained: left,
  });
  return chat.capture(usage, left ? "aborted" : progress.ended ? "ok" : "error");
}

function* closingFrames(
  { chat, progress }: Stream,
  usage: Awaited<ReturnType<RunningChat["capture"]>>,
): Generator<string> {
  if (chat.request.includeUsage) {
    const { object, created, model } = progress.last;
    yield eventFrame(JSON.stringify({ id: chat.requestId, object, created, model, choices: [], usage }));
  }
  yield eventFrame(DONE);
}

function brokenOff(model: string, cause: unknown) {
  const { code } = new NodeFailedError({ model, cause });
  return {
    error: {
      message: "The node broke off in the middle of the answer. You are charged for what you received, if anything.",
      type: "server_error",
      param: null,
      code,
    },
  };
}
