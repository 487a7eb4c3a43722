import { setTimeout as sleep } from "node:timers/promises";
import { random } from "../random.ts";
import type { World } from "./world.ts";

const CLIENTS = 10;
const PAUSE_MS = 50;
const PATIENCE_MS = 30_000;
const HOLD_USD = "50";

/** What clients were told: the cost of each request that was answered in full, and how often nobody was. */
export type Told = { costs: Map<string, string>; unanswered: number; conflicts: string[] };

type Site = World & { told: Told };

/** Clients that go on until they are stopped, each with the answers it got noted down. */
export function startLoad(world: World, { told, seed }: { told: Told; seed: number }): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const site = { ...world, told };
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    const next = random(seed * 1_000 + index);
    while (!stopping.signal.aborted) {
      try {
        await ask(site, { next, key: world.keys[index % world.keys.length] ?? "" });
      } catch {
        told.unanswered += 1;
        await sleep(PAUSE_MS);
      }
    }
  });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(clients);
    },
  };
}

type Asking = { next: () => number; key: string };

function ask(site: Site, { next, key }: Asking): Promise<void> {
  const { url } = site.servers[next() < 0.5 ? 0 : 1] ?? { url: "" };
  const kind = next();
  if (kind < 0.45) return whole(site, { url, key });
  if (kind < 0.85) return streamed(site, { url, key });
  return job(site, { next, key });
}

type Usage = { cost_details: { total_usd: string } };
const chat = (stream: boolean) => ({
  model: "demo/small",
  messages: [{ role: "user", content: "Say hello." }],
  max_tokens: 24,
  ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
});

async function whole(site: Site, { url, key }: { url: string; key: string }): Promise<void> {
  const answer = await post(`${url}/v1/chat/completions`, { key, body: chat(false) });
  const { id, usage } = (await answer.json()) as { id: string; usage: Usage };
  note(site.told, { requestId: id, cost: usage.cost_details.total_usd });
}

/** A stream has answered when its usage chunk has come: before that, nobody was told what it cost. */
async function streamed(site: Site, { url, key }: { url: string; key: string }): Promise<void> {
  const answer = await post(`${url}/v1/chat/completions`, { key, body: chat(true) });
  let text = "";
  for await (const bytes of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) text += bytes;
  const frames = text.split("\n\n").filter((frame) => frame.startsWith("data: {"));
  const chunks = frames.map(
    (frame) => JSON.parse(frame.slice("data: ".length)) as { id: string; usage?: Usage | null },
  );
  const last = chunks.find((chunk) => chunk.usage);
  if (!last?.usage) throw new Error("the stream ended early");
  note(site.told, { requestId: last.id, cost: last.usage.cost_details.total_usd });
}

type Answer = { id: string; outcome: string; requestId: string | null; cost: string | null };

/** Sets credit aside, reports usage of it, each report until it is answered, and releases what is left. */
async function job(site: Site, { next, key }: Asking): Promise<void> {
  const anyUrl = () => site.servers[next() < 0.5 ? 0 : 1]?.url ?? "";
  const body = { amount: HOLD_USD, expiresIn: 60, nodeId: site.nodeId };
  const { id } = (await (await post(`${anyUrl()}/api/holds`, { key, body })).json()) as { id: string };
  const events = Array.from({ length: 5 }, (_, i) => ({
    id: `${id}-${i}`,
    hold: id,
    resource: "gpu",
    quantity: 1 + i,
  }));
  const report = { key: site.operatorKey, body: { nodeId: site.nodeId, events } };
  for (let attempt = 0; attempt < 2; attempt++) {
    const answer = await persist(() => post(`${anyUrl()}/api/meter-events`, report));
    for (const { outcome, requestId, cost } of ((await answer.json()) as { events: Answer[] }).events) {
      if (outcome === "refused" || requestId === null || cost === null) continue; // its hold may have expired meanwhile
      note(site.told, { requestId, cost });
    }
  }
  await persist(() => post(`${anyUrl()}/api/holds/${id}`, { key, method: "DELETE" }));
}

async function persist(send: () => Promise<Response>): Promise<Response> {
  for (const since = Date.now(); ; ) {
    try {
      return await send();
    } catch (error) {
      if (Date.now() - since > PATIENCE_MS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

async function post(
  url: string,
  { key, body, method = "POST" }: { key: string; body?: object; method?: string },
): Promise<Response> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer;
}

function note({ costs, conflicts }: Told, { requestId, cost }: { requestId: string; cost: string }): void {
  const before = costs.get(requestId);
  if (before !== undefined && before !== cost) conflicts.push(`${requestId}: $${before}, then $${cost}`);
  costs.set(requestId, cost);
}
