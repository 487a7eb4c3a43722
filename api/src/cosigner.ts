import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Batch } from "@infr/protocol";
import { pino } from "pino";
import { Type } from "typebox";
import { Parse } from "typebox/value";
import { privateKeyToAccount } from "viem/accounts";
import { openChain } from "./chain/open.ts";
import { readConfig } from "./config.ts";
import { openDatabase } from "./db/open.ts";
import { coSign } from "./flow/batch/co-sign.ts";
import { BatchRefusedError } from "./flow/batch/recompute-batch.ts";
import { onStop } from "./stop.ts";

/** A batch has up to 1,050 lines of 9 bytes. */
const MAX_BODY_BYTES = 100_000;
const STOP_MS = 5_000;

/**
 * The co-signer, an option: a process of its own, best on a machine of its own, with a key of its own and a database role
 * that can only read (`select grant_cosigner('role')`). It computes each batch again before it signs it. Whoever asks
 * gets no more than a signature under what is right.
 */
const config = readConfig(process.env);
const logger = pino({ level: config.logLevel });
if (config.cosignerKey === null) throw new Error("Set COSIGNER_KEY: the co-signer signs with a key of its own.");
const key = privateKeyToAccount(config.cosignerKey);
const sql = openDatabase({ url: config.databaseUrl, connections: 2 });
const chain = openChain({ ...config });

const Bytes32 = Type.String({ pattern: "^0x[0-9a-f]{64}$" });
const Lines = Type.String({ pattern: "^0x([0-9a-f]{18})*$" });
const Asked = Type.Object({
  seq: Type.String({ pattern: "^[0-9]{1,19}$" }),
  prev: Bytes32,
  receiptsRoot: Bytes32,
  periodEnd: Type.Integer({ minimum: 0 }),
  deadline: Type.Integer({ minimum: 0 }),
  debits: Lines,
  credits: Lines,
  referrals: Lines,
});

/** One at a time: each reads up to a million rows. */
let last: Promise<unknown> = Promise.resolve();

async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
  if (request.url === "/health") return { status: 200, body: { address: key.address } };
  if (request.method !== "POST" || request.url !== "/co-signatures") return { status: 404, body: {} };
  const batch = await readBatch(request);
  if (batch === null) return { status: 400, body: { reason: "a batch was expected" } };
  const signing = last.then(() => coSign({ sql, chain, key }, batch));
  last = signing.catch(() => {});
  try {
    return { status: 200, body: { signer: key.address, signature: await signing } };
  } catch (error) {
    logger.error({ err: error, seq: String(batch.seq) }, "a batch was not co-signed");
    if (!(error instanceof BatchRefusedError)) return { status: 500, body: {} };
    return { status: 409, body: { reason: error.reason } };
  }
}

async function readBatch(request: IncomingMessage): Promise<Batch | null> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) return null;
  }
  try {
    const asked = Parse(Asked, JSON.parse(text));
    return { ...asked, seq: BigInt(asked.seq) } as Batch;
  } catch {
    return null;
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await answer(request);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    logger.error({ err: error }, "a question was not answered");
    response.destroy();
  });
});
server.listen({ host: config.host, port: config.port }, () => {
  logger.info({ address: key.address, listening: server.address() }, "co-signer runs");
});

onStop(STOP_MS, async () => {
  server.close();
  server.closeAllConnections();
  await sql.end({ timeout: 2 });
});
