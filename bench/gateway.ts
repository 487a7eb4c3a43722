import { parseArgs } from "node:util";
import { load, median, type Question, quantile } from "./load.ts";
import { readStreams } from "./streams-client.ts";
import { cpuMs, type Measured, openWorld, type World } from "./world.ts";

/**
 * The whole product path against a pass-through that does no billing, interleaved in one run.
 *
 *   pnpm bench gateway [--rounds 5] [--seconds 3]
 */
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "3" } },
});
const rounds = Number(values.rounds);
const ms = Number(values.seconds) * 1000;
const CONNECTIONS = 64;
const STREAMS = 200;
const PAUSE_MS = 10;
const COMMITS = 300;
/**
 * V8 compiles code as it is used, and a gateway is much more of it than a pass-through: what is compared is a server that has
 * run for a while, as users meet it.
 */
const WARM_UP_MS = 30_000;

const world = await openWorld();
const ask = ({ port }: Measured, body: object = {}): Question => ({ port, ...world.question(body) });

async function throughput() {
  const figures = { gateway: [] as Load[], passThrough: [] as Load[] };
  for (const each of [world.passThrough, world.gateway])
    await load(ask(each), { connections: CONNECTIONS, ms: WARM_UP_MS });
  for (let round = 1; round <= rounds; round += 1) {
    const gateway = await load(ask(world.gateway), { connections: CONNECTIONS, ms });
    const passThrough = await load(ask(world.passThrough), { connections: CONNECTIONS, ms });
    figures.gateway.push(gateway);
    figures.passThrough.push(passThrough);
    console.log(`round ${round}: ${shown(gateway)} | pass-through ${shown(passThrough)}`);
  }
  return {
    rpsRatio: median(figures.gateway.map((each, at) => each.perSecond / (figures.passThrough[at]?.perSecond ?? 0))),
    p99Ratio: median(figures.gateway.map((each, at) => each.p99 / (figures.passThrough[at]?.p99 ?? 0))),
    gatewayPerSecond: median(figures.gateway.map((each) => each.perSecond)),
    failed: figures.gateway.reduce((sum, each) => sum + each.failed, 0),
  };
}

type Load = Awaited<ReturnType<typeof load>>;
const shown = ({ perSecond, p50, p99, failed }: Load): string =>
  `${perSecond.toFixed(0)}/s p50 ${p50.toFixed(1)} ms p99 ${p99.toFixed(1)} ms failed ${failed}`;

/** CPU of 50-chunk streams: the same number of streams at once through each. */
async function streamCpu(): Promise<number> {
  const measure = async (target: Measured) => {
    const before = cpuMs(target);
    const streams = await readStreams(ask(target, { stream: true, metadata: { pause_ms: PAUSE_MS } }), STREAMS);
    if (streams.some(({ whole }) => !whole)) throw new Error("a stream was broken");
    return (cpuMs(target) - before) / STREAMS;
  };
  for (let n = 0; n < 3; n += 1) for (const each of [world.gateway, world.passThrough]) await measure(each);
  const ratios: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const [gateway, passThrough] = [await measure(world.gateway), await measure(world.passThrough)];
    console.log(
      `streams round ${round}: ${gateway.toFixed(2)} ms CPU a stream | pass-through ${passThrough.toFixed(2)}`,
    );
    ratios.push(gateway / passThrough);
  }
  return median(ratios);
}

/** What metering adds to a lone request, in terms of what two durable commits take. */
async function addedLatency(): Promise<number> {
  const ratios: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const gateway = await load(ask(world.gateway), { connections: 1, ms: ms / 2 });
    const passThrough = await load(ask(world.passThrough), { connections: 1, ms: ms / 2 });
    const commits = await twoCommits(world);
    console.log(
      `one connection: ${gateway.p50.toFixed(2)} ms | pass-through ${passThrough.p50.toFixed(2)} | two commits ${commits.toFixed(2)}`,
    );
    ratios.push((gateway.p50 - passThrough.p50) / commits);
  }
  return median(ratios);
}

async function twoCommits({ sql }: World): Promise<number> {
  await sql`create table if not exists bench_commits (at timestamptz)`;
  const took: number[] = [];
  for (let at = 0; at < COMMITS; at += 1) {
    const startedAt = performance.now();
    await sql`insert into bench_commits values (now())`;
    await sql`insert into bench_commits values (now())`;
    took.push(performance.now() - startedAt);
  }
  return quantile(
    took.sort((a, b) => a - b),
    0.5,
  );
}

try {
  const { gatewayPerSecond, failed, ...rates } = await throughput();
  if (failed > 0) throw new Error(`${failed} requests failed`);
  const sseCpuRatio = await streamCpu();
  const addedToTwoCommits = await addedLatency();
  console.log(
    `One API process, recount of every answer, ${gatewayPerSecond.toFixed(0)} metered requests/s on one account.`,
  );
  console.log(JSON.stringify(rounded({ ...rates, sseCpuRatio, addedToTwoCommits })));
} finally {
  await world.stop();
}

function rounded(figures: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toFixed(3))]));
}
