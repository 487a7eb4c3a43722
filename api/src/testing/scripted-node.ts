import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Answer = (body: Record<string, unknown>, response: ServerResponse) => void;

/** A node whose answers a test writes itself; it keeps what it was asked, byte by byte. */
export async function startScriptedNode(models: string[]) {
  const asked: string[] = [];
  const node: { asked: string[]; answer: Answer } = { asked, answer: plainAnswer };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    response.on("error", () => {});
    const text = Buffer.concat(await request.toArray()).toString();
    if (request.method === "GET") {
      response.end(JSON.stringify({ data: models.map((id) => ({ id })) }));
      return;
    }
    asked.push(text);
    node.answer(JSON.parse(text) as Record<string, unknown>, response);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  return Object.assign(node, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

/** Two honest tokens, streamed or not. */
export function plainAnswer(body: Record<string, unknown>, response: ServerResponse): void {
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
  if (body["stream"] !== true) {
    const message = { role: "assistant", content: "Hello there" };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }], usage }),
    );
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chunk("Hello there", "stop"));
  response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
}

/** A chunk of a chat. */
export const chunk = (content: string, finishReason: string | null = null): string =>
  `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason: finishReason }] })}\n\n`;
