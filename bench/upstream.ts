import { createServer } from "node:http";
import { countText } from "../packages/demo-node/src/count.ts";

/**
 * The cheapest possible node: the same completion for everybody, whole or as a stream of 50 chunks, each after a pause
 * that the request names in `metadata.pause_ms`. It prints its port.
 */
const CHUNKS = 50;
const words = Array.from({ length: CHUNKS }, (_, index) => (index === 0 ? "Credit" : " credit"));
const usage = {
  prompt_tokens: 12,
  completion_tokens: countText(words.join("")),
  total_tokens: 12 + countText(words.join("")),
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};
const head = { id: "chatcmpl-1", created: 1_700_000_000, model: "bench" };
const choice = (rest: object) => [{ index: 0, logprobs: null, finish_reason: null, ...rest }];
const frame = (choices: object[], rest: object = {}) =>
  `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...rest })}\n\n`;

const whole = JSON.stringify({
  ...head,
  object: "chat.completion",
  choices: choice({ message: { role: "assistant", content: words.join("") }, finish_reason: "stop" }),
  usage,
});
const frames = words.map((content) => frame(choice({ delta: { content } })));
const closing = [frame(choice({ delta: {}, finish_reason: "stop" })), frame([], { usage }), "data: [DONE]\n\n"].join(
  "",
);

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ object: "list", data: [{ id: "bench", object: "model" }] }));
    return;
  }
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => {
    body += text;
  });
  request.on("end", () => {
    if (!body.includes('"stream":true')) {
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(whole) });
      response.end(whole);
      return;
    }
    const pauseMs = Number(/"pause_ms":(\d+)/.exec(body)?.[1] ?? 0);
    response.writeHead(200, { "content-type": "text/event-stream" });
    let sent = 0;
    const next = () => {
      if (response.destroyed) return;
      if (sent === CHUNKS) {
        response.end(closing);
        return;
      }
      response.write(frames[sent++] ?? "");
      if (pauseMs > 0) setTimeout(next, pauseMs);
      else setImmediate(next);
    };
    next();
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", 8_192, () => console.log((server.address() as { port: number }).port));
