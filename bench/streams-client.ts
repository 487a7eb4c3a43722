import { once } from "node:events";
import { connect } from "node:net";
import { type Question, requestBytes } from "./load.ts";

/** What came of one stream: whether `[DONE]` did, and when each of its frames arrived. */
export type StreamFigures = { whole: boolean; arrivals: number[] };

/** Reads so many streams at once, each on a connection of its own; `onOpen` is told when all have begun. */
export async function readStreams(question: Question, count: number): Promise<StreamFigures[]> {
  const request = requestBytes({ ...question, headers: { ...question.headers, connection: "close" } });
  return Promise.all(Array.from({ length: count }, () => readStream(question.port, request)));
}

async function readStream(port: number, request: Buffer): Promise<StreamFigures> {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  await once(socket, "connect");
  const arrivals: number[] = [];
  let tail = "";
  socket.on("data", (chunk) => {
    const text = chunk.toString("latin1");
    if (text.includes("data: {")) arrivals.push(performance.now());
    tail = (tail + text).slice(-256);
  });
  socket.on("error", () => {});
  socket.write(request);
  await once(socket, "close");
  return { whole: tail.includes("data: [DONE]"), arrivals };
}
