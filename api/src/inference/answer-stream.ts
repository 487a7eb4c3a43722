import type { Writable } from "node:stream";
import { InfrError } from "../errors.ts";
import { writtenText } from "./answer-json.ts";
import { NodeFailedError } from "./call-node.ts";
import type { RunningChat } from "./chat.ts";
import { isRecord } from "./chat-request.ts";
import { FrameWriter } from "./frame-writer.ts";
import { eventFrame, readEvents } from "./sse.ts";
import { type ReportedUsage, readUsage } from "./usage.ts";

const DONE = "[DONE]";
const DRAIN_MS = 1_000;
const MAX_STREAM_MS = 30 * 60_000;
const MAX_COMPLETION_CHARACTERS = 16 * 1_048_576;

/** How far a stream has come. */
type Progress = {
  text: string;
  /** How much of the text was passed on. */
  relayedLength: number;
  reported: ReportedUsage | null;
  /** `[DONE]`, a finish reason or usage was seen: the answer is whole. */
  ended: boolean;
  /** The last chunk, whose object, model and time the usage chunk repeats. */
  last: Record<string, unknown>;
};

type Stream = { chat: RunningChat; events: AsyncGenerator<string>; frames: FrameWriter; progress: Progress };

/**
 * Streams a completion to `out`, frame by frame. Frames pass as they come; only the closing ones (usage, `[DONE]`) wait
 * for the capture. Whatever happens, the hold ends here: completed, broken off by the node or after 30 minutes, or left
 * by the client, in which case the rest is drained for a bounded time, and otherwise billed at what was relayed.
 * Nothing relayed costs nothing. It runs by itself rather than being pulled, so that nobody can keep it from ending.
 * @throws InfrError when the client left and what it had got could not be billed
 */
export async function answerStream(chat: RunningChat, out: Writable): Promise<void> {
  const { body } = chat.response;
  const frames = new FrameWriter(out, chat.signal);
  const progress: Progress = { text: "", relayedLength: 0, reported: null, ended: false, last: {} };
  const stream: Stream = { chat, events: readEvents(body), frames, progress };
  const deadline = setTimeout(() => body.destroy(new Error("the answer took too long")), MAX_STREAM_MS).unref();
  // A node that has gone quiet would keep us waiting after the client left.
  const leave = () => {
    frames.cut();
    setTimeout(() => body.destroy(), DRAIN_MS).unref();
  };
  frames.signal.addEventListener("abort", leave, { once: true });
  try {
    if (frames.signal.aborted) leave();
    const failure = await relay(stream);
    if (frames.signal.aborted) {
      await drain(stream);
      await endHold(stream, true);
    } else await close(stream, failure);
  } finally {
    frames.signal.removeEventListener("abort", leave);
    clearTimeout(deadline);
    frames.end();
    body.destroy();
  }
}

/** @returns why the node did not finish its answer, null if it did or the client left */
async function relay({ chat, events, frames, progress }: Stream): Promise<unknown> {
  const usagePlaceholder = chat.request.includeUsage ? { usage: null } : {};
  try {
    // Not `for await`: leaving that loop would close the events, and an abandoned stream is drained.
    for (let next = await events.next(); !next.done; next = await events.next()) {
      const chunk = note(next.value, progress);
      if (frames.signal.aborted || next.value === DONE) return null;
      if (chunk === null) continue;
      progress.relayedLength = progress.text.length;
      const { usage: _, ...rest } = chunk;
      await frames.write(eventFrame(JSON.stringify({ ...rest, id: chat.requestId, ...usagePlaceholder })));
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
}

/** @returns what was charged, null when nothing was: no text reached the client, and the answer was not an empty one */
async function endHold({ chat, progress }: Stream, left: boolean) {
  const { ended, relayedLength, reported, text } = progress;
  if (relayedLength === 0 && (left || !ended)) {
    await chat.release();
    return null;
  }
  // Only the node's own count may bill more than was relayed.
  const completionText = reported ? text : text.slice(0, relayedLength);
  return chat.bill({ reported, completionText, drained: left }, left ? "aborted" : ended ? "ok" : "error");
}

/** Bills, then ends the stream. Without a capture it is not closed, so that no client takes the answer for complete. */
async function close(stream: Stream, failure: unknown): Promise<void> {
  const { chat, frames, progress } = stream;
  try {
    const usage = await endHold(stream, false);
    if (failure || !usage) return await frames.write(brokenOff(new NodeFailedError({ model: chat.request.model })));
    if (chat.request.includeUsage) {
      const { object, created, model } = progress.last;
      await frames.write(
        eventFrame(JSON.stringify({ id: chat.requestId, object, created, model, choices: [], usage })),
      );
    }
    await frames.write(eventFrame(DONE));
  } catch (error) {
    await frames.write(brokenOff(error));
  }
}

function brokenOff(cause: unknown): string {
  const message =
    cause instanceof NodeFailedError
      ? "The node broke off in the middle of the answer. You are charged for what you received, if anything."
      : "The answer is not complete: it could not be billed, by a fault on our side. Send the request again.";
  const code = cause instanceof InfrError ? cause.code : "internal_error";
  return eventFrame(JSON.stringify({ error: { message, type: "server_error", param: null, code } }));
}
