import type { Writable } from "node:stream";
import { InfrError } from "../errors.ts";
import { NodeFailedError } from "./call-node.ts";
import { FrameWriter } from "./frame-writer.ts";
import { choicesOf, type NodeApi, textOfAnswer } from "./node-api.ts";
import { isRecord } from "./read-fields.ts";
import type { StreamPresenter } from "./request.ts";
import type { Run } from "./run.ts";
import { DONE, NodeEvents } from "./sse.ts";
import { type ReportedUsage, readUsage } from "./usage.ts";

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
  /** `[DONE]` was seen: there is nothing more to read. */
  done: boolean;
};

type Stream = {
  run: Run;
  events: NodeEvents;
  frames: FrameWriter;
  present: StreamPresenter;
  progress: Progress;
};

/**
 * Streams a completion to `out`, frame by frame. Frames pass as they come; only the closing ones (usage, `[DONE]`) wait
 * for the capture. Whatever happens, the hold ends here: completed, broken off by the node or after 30 minutes, or left
 * by the client, in which case the rest is drained for a bounded time, and otherwise billed at what was relayed.
 * Nothing relayed costs nothing. It runs by itself rather than being pulled, so that nobody can keep it from ending.
 * @throws InfrError when the client left and what it had got could not be billed
 */
export async function answerStream(run: Run, out: Writable): Promise<void> {
  const { body } = run.response;
  const frames = new FrameWriter(out, run.leaving);
  const progress: Progress = { text: "", relayedLength: 0, reported: null, ended: false, done: false };
  const present = run.request.present.stream(run.requestId);
  const stream: Stream = { run, events: new NodeEvents(body), frames, present, progress };
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
      // What comes after something that makes no sense is not asked for: it could not be believed.
      if (!failure) await drain(stream);
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
async function relay(stream: Stream): Promise<unknown> {
  const { events, frames, progress } = stream;
  try {
    for (let read = await events.read(); read !== null; read = await events.read()) {
      const { text, length, failure } = noteAll(read, stream);
      if (frames.signal.aborted) return failure ?? null;
      progress.relayedLength = length;
      if (length > 0) stream.run.nodeCall.firstToken();
      if (text !== "") await frames.write(text);
      if (failure !== undefined) return failure;
      if (progress.done || frames.signal.aborted) return null;
    }
  } catch (error) {
    return error;
  }
  return progress.ended ? null : new Error("the node closed the stream");
}

/**
 * What arrived together leaves together. What came before a failure is relayed, and billed.
 * @returns the frames, and how much of the completion has been passed on with them
 */
function noteAll(events: string[], { run, present, progress }: Stream) {
  let text = "";
  let length = progress.text.length;
  try {
    for (const event of events) {
      const chunk = note(event, run.request.api, progress);
      if (chunk !== null) text += present.chunk(chunk);
      length = progress.text.length;
      if (progress.done) break;
    }
  } catch (failure) {
    return { text, length, failure };
  }
  return { text, length };
}

/** Takes down what an event tells. @returns the chunk to relay, null for one that is held back or none */
function note(data: string, api: NodeApi, progress: Progress): Record<string, unknown> | null {
  if (data === DONE) {
    progress.done = true;
    progress.ended = true;
    return null;
  }
  const chunk: unknown = JSON.parse(data);
  if (!isRecord(chunk)) throw new Error("the node sent an event that is not an object");
  if (chunk["error"] !== undefined) throw new Error("the node sent an error");
  const reported = readUsage(chunk["usage"], api);
  if (reported) {
    progress.reported = reported;
    progress.ended = true;
  }
  const choices = choicesOf(api, chunk);
  progress.text += textOfAnswer(api, chunk);
  for (const choice of choices) {
    if (typeof choice["finish_reason"] === "string") progress.ended = true;
  }
  if (progress.text.length > MAX_COMPLETION_CHARACTERS) throw new Error("the node does not stop");
  return choices.length === 0 ? null : chunk;
}

/** The client is gone: what the node still says within a second is counted, so that its usage frame may arrive. */
async function drain(stream: Stream): Promise<void> {
  const { run, events, progress } = stream;
  const timer = setTimeout(() => run.response.body.destroy(), DRAIN_MS);
  try {
    while (!progress.done) {
      const read = await events.read();
      if (read === null) break;
      for (const event of read) note(event, run.request.api, progress);
    }
  } catch {
    // it ended early: what was relayed is known
  } finally {
    clearTimeout(timer);
  }
}

/** @returns what was charged, null when nothing was: no text reached the client, and the answer was not an empty one */
async function endHold({ run, progress }: Stream, left: boolean) {
  const { ended, relayedLength, reported, text } = progress;
  if (relayedLength === 0 && (left || !ended)) {
    await run.release();
    return null;
  }
  return run.bill(
    { reported, completionText: text, relayedLength, drained: left },
    left ? "aborted" : ended ? "ok" : "error",
  );
}

/** Bills, then ends the stream. Without a capture it is not closed, so that no client takes the answer for complete. */
async function close(stream: Stream, failure: unknown): Promise<void> {
  const { run, frames, present } = stream;
  try {
    const billed = await endHold(stream, false);
    if (!failure && billed) return await frames.write(present.end(billed.usage));
    await frames.write(present.failure(brokenOff(new NodeFailedError({ model: run.request.model }))));
  } catch (error) {
    await frames.write(present.failure(brokenOff(error)));
  }
}

function brokenOff(cause: unknown): { code: string; message: string } {
  const message =
    cause instanceof NodeFailedError
      ? "The node broke off in the middle of the answer. You are charged for what you received, if anything."
      : "The answer is not complete: it could not be billed, by a fault on our side. Send the request again.";
  return { code: cause instanceof InfrError ? cause.code : "internal_error", message };
}
