#!/usr/bin/env node
import { parseArgs } from "node:util";
import { parseFaults } from "./faults.ts";
import { startDemoNode } from "./index.ts";

const help = `A demo operator node: an OpenAI-compatible server with made-up answers and real token counts.

  node packages/demo-node/src/main.ts [options]

  --port N               port to listen on (default 8000; 0 takes a free one)
  --host ADDRESS         address to listen on (default 127.0.0.1)
  --delay-ms N           pause after each chunk of a stream (default 15)
  --tokens-per-chunk N   tokens in one chunk (default 1)
  --faults LIST          what to do wrong in every request:
                           drop=N       cut the connection after N chunks
                           status=N     answer with HTTP status N (500 to 599)
                           no-usage     send no usage
                           lie=N        report N times as many tokens
                           garbage=N    send an event that is not JSON after N chunks
                         one request at a time: header "x-demo-fault: drop=3,no-usage",
                         or a model suffix, "demo/small:drop=3"
  --upstream URL         pass everything through to a real server, for example
                           http://127.0.0.1:11434  (Ollama)
                           http://127.0.0.1:8000   (vLLM)
                           http://127.0.0.1:8080   (llama.cpp)
  --help

Prompts decide how long an answer is: "… 200 tokens", "as long as possible". Models: demo/small, demo/large.`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8000" },
    host: { type: "string", default: "127.0.0.1" },
    "delay-ms": { type: "string", default: "15" },
    "tokens-per-chunk": { type: "string", default: "1" },
    faults: { type: "string", default: "" },
    upstream: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(help);
else {
  const node = await startDemoNode({
    port: wholeNumber("port", values.port),
    host: values.host,
    delayMs: wholeNumber("delay-ms", values["delay-ms"]),
    tokensPerChunk: Math.max(1, wholeNumber("tokens-per-chunk", values["tokens-per-chunk"])),
    faults: parseFaults(values.faults),
    ...(values.upstream ? { upstream: values.upstream } : {}),
  });
  console.log(`demo node: ${node.url}/v1${values.upstream ? ` → ${values.upstream}` : ""}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void node.stop());
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  console.error(`--${name} is ${JSON.stringify(text)}. Give a whole number.`);
  process.exit(1);
}
