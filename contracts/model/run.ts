import { startBenchChain } from "../bench/bench-chain.ts";
import { differences } from "./compare.ts";
import { copy } from "./copy.ts";
import { governedMakers } from "./governed-operations.ts";
import { moneyMakers } from "./money-operations.ts";
import { moveMakers } from "./move-operations.ts";
import type { Maker } from "./operation.ts";
import { Random } from "./random.ts";
import { Refused } from "./refused.ts";
import { isVoidable, settleMakers, undo } from "./settle-operations.ts";
import { surplusMakers } from "./surplus-operations.ts";
import { createWorld, type World, worldSetup } from "./world.ts";

const MAKERS = Object.entries({ ...moneyMakers, ...moveMakers, ...settleMakers, ...governedMakers, ...surplusMakers });
/** Names of the kinds of operations. */
export const KINDS = MAKERS.map(([name]) => name);
const BAG = MAKERS.flatMap(([name, { make, weight }]) => Array.from({ length: weight }, () => ({ name, make })));

/** Model and contract disagree: the seed and the number of operations lead there again. */
export class DisagreementError extends Error {
  readonly code = "model_disagrees";
}

/** Seconds and minutes mostly, days at times, and now and then long enough for the dark. */
function elapse(world: World, random: Random): void {
  const seconds = random.chance(isVoidable(world) ? 95 : 70)
    ? random.below(600)
    : random.chance(80)
      ? random.below(90_000)
      : random.below(1_500_000);
  world.state.now += 1n + BigInt(seconds);
}

interface Kind {
  name: string;
  make: Maker;
}

/** Every fifth is the next of all kinds, so that none is left to luck; undoing waits for its moment. */
function pickKind(world: World, random: Random, index: number): Kind {
  const picked = random.pick<Kind>(BAG);
  const [name, { make }] = MAKERS[Math.floor(index / 5) % MAKERS.length] as (typeof MAKERS)[number];
  if (index % 5 === 0) return { name, make };
  return isVoidable(world) && random.chance(55) ? { name: "void", make: undo } : picked;
}

async function step(
  world: World,
  random: Random,
  index: number,
): Promise<{ name: string; text: string; said: string | null }> {
  elapse(world, random);
  const { name, make } = pickKind(world, random, index);
  const operation = await make(world, random);
  const before = copy(world.state);
  let refused: string | null = null;
  const chain = operation.chain;
  const said = await chain();
  try {
    operation.model(world.state);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refused = error.code;
    // as the chain does: all of it or nothing
    world.state = before;
  }
  if (said !== refused) {
    throw new DisagreementError(`${operation.text}\n  contract: ${said ?? "done"}\n  model:    ${refused ?? "done"}`);
  }
  return { name: `${name}${said ? ` → ${said}` : ""}`, text: operation.text, said };
}

/** Runs `count` random operations on both. @returns how often each outcome was seen */
export async function runModel(seed: number, count: number): Promise<Map<string, number>> {
  const chain = await startBenchChain(worldSetup);
  const random = new Random(seed);
  try {
    const world = await createWorld(chain);
    for (let index = 0; index < count; index += 1) {
      try {
        const { name, text } = await step(world, random, index);
        world.tally.set(name, (world.tally.get(name) ?? 0) + 1);
        const found = await differences(world);
        if (found.length > 0) throw new DisagreementError(`${text}\n  ${found.join("\n  ")}`);
      } catch (error) {
        if (!(error instanceof DisagreementError)) throw error;
        throw new DisagreementError(`SEED=${seed} RUNS=${index + 1}: ${error.message}`);
      }
    }
    return world.tally;
  } finally {
    await chain.stop();
  }
}

/**
 * `SEED=… RUNS=… node contracts/model/run.ts`: by default a new seed and 2,000 operations. A failure prints both numbers
 * that replay it.
 */
if (import.meta.main) {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 32);
  const count = Number(process.env.RUNS ?? 2_000);
  console.log(`SEED=${seed} RUNS=${count}`);
  const tally = await runModel(seed, count);
  for (const [name, times] of [...tally].toSorted(([left], [right]) => left.localeCompare(right)))
    console.log(`${String(times).padStart(6)}  ${name}`);
}
