import type { Writable } from "node:stream";
import { InfrError } from "../errors.ts";
import { NodeFailedError } from "./call-node.ts";
import { FrameWriter } from "./frame-writer.ts";
import { choicesOf, textOfAnswer } from "./node-api.ts";
import { isRecord } from "./read-fields.ts";
import type { StreamPresenter } from "./request.ts";
import type { Run } from "./run.ts";
import { DONE, NodeEvents } from "./sse.ts";
import { type ReportedUsage, readUsage } from "./usage.ts";

const DRAIN_MS = 1_000;
const MAX_STREAM_MS = 30 * 60_000;
const MAX_COMPLETION_CHARACTERS = 16 * 1_048_576;
/** Characters of the longest token there is: 128 spaces. */
const LONGEST_TOKEN = 128;
/** What an answer may be longer, in characters or chunks, before it is broken off. */
const SLACK = 256;

/** How far a stream has come. */
type Progress = {
  text: string;
  /** How much of the text was passed on. */
  relayedLength: number;
  reported: ReportedUsage | null;
  /** Chunks with text so far: each is a token at least, but for characters that are cut in two. */
  chunks: number;
  /** Choices that said why they finished. */
  finished: Set<unknown>;
  /** `[DONE]`, all finish reasons or the closing usage were seen: the answer is whole. */
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
  const progress: Progress = {
    text: "",
    relayedLength: 0,
    reported: null,
    chunks: 0,
    finished: new Set(),
    ended: false,
    done: false,
  };
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
      const chunk = note(event, run, progress);
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
function note(data: string, run: Run, progress: Progress): Record<string, unknown> | null {
  const { api, shownChoices } = run.request;
  if (data === DONE) {
    progress.done = true;
    progress.ended = true;
    return null;
  }
  const chunk: unknown = JSON.parse(data);
  if (!isRecord(chunk)) throw new Error("the node sent an event that is not an object");
  if (chunk["error"] !== undefined) throw new Error("the node sent an error");
  const reported = readUsage(chunk["usage"], api);
  const choices = choicesOf(api, chunk);
  const text = textOfAnswer(api, chunk);
  progress.text += text;
  if (text !== "") progress.chunks += 1;
  if (reported) progress.reported = reported;
  for (const { index, finish_reason: reason } of choices) if (typeof reason === "string") progress.finished.add(index);
  // Some nodes say in every chunk what they have used so far: only usage without choices closes an answer.
  if ((reported && choices.length === 0) || progress.finished.size >= shownChoices) progress.ended = true;
  if (isTooLong(run, progress)) throw new Error("the node does not stop");
  return choices.length === 0 ? null : chunk;
}

/** Whether the node has written more than it was asked for, and is paid for. */
function isTooLong({ request, maxTokens }: Run, { text, chunks }: Progress): boolean {
  const tokens = maxTokens * request.choices;
  const echoed = request.echoes === 0 ? 0 : request.echoes * request.promptText().length;
  const characters = Math.min(tokens * LONGEST_TOKEN + SLACK + echoed, MAX_COMPLETION_CHARACTERS);
  return text.length > characters || (request.echoes === 0 && chunks > 2 * tokens + SLACK);
}

/** The client is gone: what the node still says within a second is counted, so that its usage frame may arrive. */
async function drain(stream: Stream): Promise<void> {
  const { run, events, progress } = stream;
  const timer = setTimeout(() => run.response.body.destroy(), DRAIN_MS);
  try {
    while (!progress.done) {
      const read = await events.read();
      if (read === null) break;
      for (const event of read) note(event, run, progress);
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
