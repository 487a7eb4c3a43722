import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One streamed answer of the node behind the gate, let out frame by frame. */
export type GatedAnswer = {
  /** What the node sent, frame by frame; a stream that the node cut ends without its closing frame. */
  frames: string[];
  wasCut: boolean;
  /** Lets the next frame out. */
  step: () => void;
  /** Lets out what is left, and ends as the node did. */
  rest: () => void;
};

export type GatedNode = Awaited<ReturnType<typeof startGatedNode>>;

/**
 * A node that passes requests to another one and keeps its answers back until they are let out, so that a test knows
 * what was sent when. Models are names of the test's own, each standing for one of the other node's.
 */
export async function startGatedNode({ upstream, models }: { upstream: string; models: Record<string, string> }) {
  const waiting = new Map<string, PromiseWithResolvers<GatedAnswer>>();
  const waitFor = (model: string) => {
    const waiter = waiting.get(model) ?? Promise.withResolvers<GatedAnswer>();
    waiting.set(model, waiter);
    return waiter;
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === "GET") {
      response.end(JSON.stringify({ data: Object.keys(models).map((id) => ({ id })) }));
      return;
    }
    const body = JSON.parse((await request.toArray()).join("")) as { model: string; stream?: boolean };
    const answer = await fetch(upstream + request.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      // What is not streamed is the probe of who registers the node: that one meets no faults.
      body: JSON.stringify({ ...body, model: body.stream ? models[body.model] : models[body.model]?.split(":")[0] }),
    });
    if (answer.ok && body.stream) waitFor(body.model).resolve(gate(response, await readFrames(answer)));
    else response.writeHead(answer.status).end(await answer.text());
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerOf: (model: string) => waitFor(model).promise,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function readFrames(answer: Response): Promise<{ frames: string[]; wasCut: boolean }> {
  let text = "";
  let wasCut = false;
  try {
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
  } catch {
    wasCut = true;
  }
  const frames = text.split("\n\n").filter((frame) => frame !== "");
  return { frames: frames.map((frame) => `${frame}\n\n`), wasCut };
}

function gate(response: ServerResponse, { frames, wasCut }: { frames: string[]; wasCut: boolean }): GatedAnswer {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  response.on("error", () => {});
  let next = 0;
  const step = () => {
    const frame = frames[next++];
    if (frame !== undefined) response.write(frame);
  };
  const rest = () => {
    while (next < frames.length) step();
    if (wasCut) response.write("", () => response.destroy());
    else response.end();
  };
  return { frames, wasCut, step, rest };
}
