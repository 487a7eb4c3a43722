import { parseArgs } from "node:util";
import { median, type Question, quantile } from "./load.ts";
import { readStreams, type StreamFigures } from "./streams-client.ts";
import { type Measured, openWorld, residentBytes } from "./world.ts";

/**
 * Many streams at once, held open by a slow node, in one API process and in a pass-through: memory of each, and how late
 * its chunks are.
 *
 *   pnpm bench streams [--streams 2000] [--pause-ms 400] [--rounds 3]
 */
const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "2000" },
    "pause-ms": { type: "string", default: "400" },
    rounds: { type: "string", default: "3" },
  },
});
const streams = Number(values.streams);
const pauseMs = Number(values["pause-ms"]);
const rounds = Number(values.rounds);
const SAMPLE_MS = 250;

const world = await openWorld();
const ask = ({ port }: Measured, pause: number): Question => ({
  port,
  ...world.question({ stream: true, metadata: { pause_ms: pause } }),
});

/** Reads the streams; on the way the process's memory is looked at. */
async function measure(target: Measured) {
  await readStreams(ask(target, 1), 100);
  const before = residentBytes(target);
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(target));
  }, SAMPLE_MS);
  const read = await readStreams(ask(target, pauseMs), streams);
  clearInterval(timer);
  return {
    kbPerStream: (most - before) / 1024 / streams,
    broken: read.filter(({ whole }) => !whole).length,
    late99: quantile(
      read.flatMap(lateness).sort((a, b) => a - b),
      0.99,
    ),
  };
}

/** How much later than the node's pause each chunk came after the one before it, in milliseconds. */
const lateness = ({ arrivals }: StreamFigures): number[] =>
  arrivals.slice(1, -1).map((arrival, at) => Math.max(0, arrival - (arrivals[at] ?? 0) - pauseMs));

try {
  const figures = { kb: [] as number[], late: [] as number[], broken: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    const passThrough = await measure(world.passThrough);
    const gateway = await measure(world.gateway);
    console.log(`round ${round}: ${shown(gateway)} | pass-through ${shown(passThrough)}`);
    figures.kb.push(gateway.kbPerStream);
    figures.late.push(gateway.late99 / passThrough.late99);
    figures.broken += gateway.broken;
  }
  console.log(
    JSON.stringify({
      streams,
      // the first round's: later ones find the memory of the first still there
      kbPerStream: Number((figures.kb[0] ?? Number.NaN).toFixed(1)),
      broken: figures.broken,
      lateRatio: Number(median(figures.late).toFixed(2)),
    }),
  );
} finally {
  await world.stop();
}

function shown({ kbPerStream, broken, late99 }: Awaited<ReturnType<typeof measure>>): string {
  return `${kbPerStream.toFixed(0)} KB a stream, ${broken} broken, p99 ${late99.toFixed(0)} ms late`;
}
