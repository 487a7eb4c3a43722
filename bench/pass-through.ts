import { createServer, type OutgoingHttpHeaders } from "node:http";
import { Pool } from "undici";

/** The yardstick: hands every request to the node in the first argument and its bytes back, and knows nothing of money. It prints its port. */
const pool = new Pool(process.argv[2] ?? "", { connections: 4_096, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const headers = { "content-type": "application/json", accept: "*/*" };
    const path = request.url ?? "/";
    pool
      .stream({ path, method: "POST", headers, body: Buffer.concat(chunks) }, ({ statusCode, headers: answered }) => {
        const { connection: _, "keep-alive": __, "transfer-encoding": ___, ...rest } = answered;
        response.writeHead(statusCode, rest as OutgoingHttpHeaders);
        return response;
      })
      .catch(() => response.destroy());
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", 8_192, () => console.log((server.address() as { port: number }).port));
