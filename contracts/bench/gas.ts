import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { encodeFunctionData, keccak256, toHex } from "viem";
import { testUsdcAbi } from "../abi/index.ts";
import { type BenchChain, startBenchChain } from "./bench-chain.ts";
import { type GasFigures, GOALS } from "./goals.ts";
import {
  depositFor,
  measureDeposit,
  measureDeposit3009,
  measureDepositFromPayer,
  measureSweep,
  mint,
} from "./measure-deposits.ts";
import { measurePayouts, measureTransfer, measureVoucher } from "./measure-moves.ts";
import { earnerAt, measureSettle, measureVoid } from "./measure-settle.ts";

/**
 * Whole-transaction gas of the production bytecode on a fresh chain: second batch, sparse ids. Fails above the goals.
 * The last line is one JSON object.
 *
 *   node contracts/bench/gas.ts [--check | --write]
 *
 * `--check` also fails if a figure differs from `figures.json` by more than half a percent; `--write` rewrites
 * `figures.json`.
 */
const { values } = parseArgs({ options: { check: { type: "boolean" }, write: { type: "boolean" } } });
const FIGURES = new URL("figures.json", import.meta.url);
const ACCOUNTS = 2_010;
/** Signatures and times have a zero byte more or less from run to run: that is all that may differ. */
const TOLERANCE = 0.005;

/** An owner for each account: recipients of payouts must not share a slot. */
const ownerAt = (index: number): `0x${string}` => `0x${keccak256(toHex(`owner ${index}`)).slice(-40)}`;

async function prepare(chain: BenchChain): Promise<void> {
  await mint(chain, chain.operator.address, 10n ** 15n);
  const args = [chain.escrow, 10n ** 15n] as const;
  await chain.gasOf(chain.usdc, encodeFunctionData({ abi: testUsdcAbi, functionName: "approve", args }));
  await depositFor(chain, chain.operator.address, 1_000_000_000n);
  for (let index = 2; index < ACCOUNTS; index += 1) await depositFor(chain, ownerAt(index), 100_000_000n);
}

async function measure(chain: BenchChain): Promise<GasFigures> {
  await prepare(chain);
  const settled = await measureSettle(chain);
  const sweep = await measureSweep(chain, ownerAt(6));
  const transfer = await measureTransfer(chain, 8);
  const voucher = await measureVoucher(chain, 8);
  const depositGas = await measureDeposit(chain, 4);
  const deposit3009Gas = await measureDeposit3009(chain, ownerAt(5));
  const depositPayerGas = await measureDepositFromPayer(chain);
  const payouts = await measurePayouts(
    chain,
    Array.from({ length: 50 }, (_, index) => earnerAt(index)),
  );
  const undone = await measureVoid(chain);
  return {
    ...settled,
    ...undone,
    depositGas,
    deposit3009Gas,
    depositPayerGas,
    sweepGas: sweep.again,
    sweepFirstGas: sweep.first,
    transferGas: transfer.relayed,
    transferDirectGas: transfer.direct,
    voucherCreateGas: voucher.create,
    voucherRedeemGas: voucher.redeem,
    payoutLineGas: payouts.line,
    payoutFreshLineGas: payouts.freshLine,
    withdrawGas: payouts.withdraw,
    runtimeBytes: ((await chain.reader.getCode({ address: chain.escrow }))?.length ?? 2) / 2 - 1,
  };
}

/** @returns names of the figures above their goals */
function compareWithGoals(figures: GasFigures): string[] {
  return Object.entries(GOALS).flatMap(([name, goal]) => {
    const figure = figures[name as keyof GasFigures];
    console.log(`${figure <= goal ? "✓" : "✗"} ${name.padEnd(18)} ${String(figure).padStart(9)}  goal ${goal}`);
    return figure <= goal ? [] : [name];
  });
}

/** @returns what differs from the file that is checked in */
async function compareWithFile(figures: GasFigures): Promise<string[]> {
  const written = JSON.parse(await readFile(FIGURES, "utf8")) as Record<string, number>;
  return Object.entries(figures).flatMap(([name, figure]) => {
    const before = written[name] ?? 0;
    return Math.abs(figure - before) <= before * TOLERANCE ? [] : [`${name}: ${before} in figures.json, ${figure} now`];
  });
}

const chain = await startBenchChain();
try {
  const figures = await measure(chain);
  const above = compareWithGoals(figures);
  if (above.length > 0) {
    console.error(`Above the goal: ${above.join(", ")}.`);
    process.exitCode = 1;
  }
  if (values.write) await writeFile(FIGURES, `${JSON.stringify(figures, null, 2)}\n`);
  const differences = values.check ? await compareWithFile(figures) : [];
  if (differences.length > 0) {
    console.error(
      `${differences.join("\n")}\nIf that is meant, run \`pnpm bench gas --write\` and commit figures.json.`,
    );
    process.exitCode = 1;
  }
  console.log(JSON.stringify(figures));
} finally {
  await chain.stop();
}
