import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { getAddress, keccak256, stringToHex, zeroAddress, zeroHash } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressBook } from "../addresses.ts";
import { ADDRESS_BOOK, renderBook, writeAddressBook } from "../scripts/deployment/address-book.ts";
import {
  CHAINS,
  type ChainName,
  checkParameters,
  InvalidParametersError,
  PARAMETER_NAMES,
  PARAMETERS,
  parametersFile,
  readParameters,
} from "../scripts/deployment/parameters.ts";

const chains = Object.keys(CHAINS) as ChainName[];
const script = (name: string): string => new URL(`../scripts/${name}.ts`, import.meta.url).pathname;
const address = (of: string) => getAddress(`0x${keccak256(stringToHex(of)).slice(-40)}`);

/** A value for whatever is not set in the file. */
const MADE_UP = Object.fromEntries(
  PARAMETER_NAMES.map((name) => [
    name,
    PARAMETERS[name].kind === "word" ? keccak256(stringToHex(name)) : address(name),
  ]),
);
async function complete(chain: ChainName): Promise<Record<string, string>> {
  const given = await readParameters(parametersFile(chain));
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value.startsWith("REQUIRED") ? (MADE_UP[name] ?? "") : value]),
  );
}

/** @returns standard error of a script that has to end with 1 */
async function failing(name: string, args: string[]): Promise<string> {
  const ended = await promisify(execFile)(process.execPath, [script(name), ...args]).catch((error: unknown) => error);
  expect(ended).toMatchObject({ code: 1 });
  return (ended as { stderr: string }).stderr;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parameters-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("checkParameters", () => {
  test.each(chains)("default: takes those of %s once they are complete", async (chain) => {
    const given = await complete(chain);
    expect(checkParameters(chain, given, "test")).toEqual(given);
  });

  test.each(chains)("behavior: no address in the file of %s is zero", async (chain) => {
    const given = await readParameters(parametersFile(chain));
    expect(Object.keys(given)).toEqual(PARAMETER_NAMES);
    for (const value of Object.values(given)) expect(value).not.toMatch(/^0x0*$/);
    expect(given.usdc).toBe(addressBook[CHAINS[chain].chainId].usdc);
  });

  test.each(PARAMETER_NAMES)(
    "error: InvalidParametersError names %s when it is missing, a placeholder or zero",
    async (name) => {
      const given = await complete("base");
      const zero = { address: zeroAddress, safe: zeroAddress, word: zeroHash, amount: "0n" }[PARAMETERS[name].kind];
      for (const value of ["REQUIRED: a value", zero, "", "0x12"]) {
        const faults = faultsOf({ ...given, [name]: value });
        expect(Object.keys(faults)).toEqual([name]);
      }
      const { [name]: _, ...without } = given;
      expect(Object.keys(faultsOf(without))).toEqual([name]);
    },
  );

  test("error: a wrong checksum, another token, a shorter delay, a role twice, an unknown name", async () => {
    const given = await complete("base");
    const guardian = (given.guardian ?? "").toLowerCase();
    const wrong = { guardian, usdc: addressBook[84_532].usdc, timelockDelay: "172799n", clearer: given.settler ?? "" };
    expect(Object.keys(faultsOf({ ...given, ...wrong, gaurdian: "0x" })).toSorted()).toEqual([
      "clearer",
      "gaurdian",
      "guardian",
      "timelockDelay",
      "usdc",
    ]);
  });
});

function faultsOf(given: Record<string, string>): Readonly<Record<string, string>> {
  try {
    checkParameters("base", given, "test");
    return {};
  } catch (error) {
    if (error instanceof InvalidParametersError) return error.faults;
    throw error;
  }
}

describe("set-parameters", () => {
  test("default: names what is missing, then fills it in", async () => {
    const file = join(folder, "base.json");
    await copyFile(parametersFile("base"), file);
    const missing = Object.keys(faultsOf(await readParameters(file)));
    const said = await failing("set-parameters", ["base", "--file", file]);
    for (const name of missing) expect(said).toMatch(new RegExp(`^ {2}${name}: not set`, "m"));

    const flags = missing.flatMap((name) => [`--${name}`, MADE_UP[name] ?? ""]);
    await promisify(execFile)(process.execPath, [script("set-parameters"), "base", "--file", file, ...flags]);
    expect(await readParameters(file)).toEqual(await complete("base"));
  });

  test("error: a value that could not be deployed with is not written", async () => {
    const file = join(folder, "refused.json");
    await copyFile(parametersFile("base"), file);
    const before = await readFile(file, "utf8");
    const said = await failing("set-parameters", ["base", "--file", file, "--guardian", zeroAddress]);
    expect(said).toMatch(/guardian: the zero address/);
    expect(await readFile(file, "utf8")).toBe(before);
  });
});

describe("deploy", () => {
  test("error: refuses placeholders by name, before it looks at any chain", async () => {
    const said = await failing("deploy", ["base", "--parameters", parametersFile("base")]);
    expect(said).toMatch(/^ {2}guardian: not set: the Safe/m);
  });
});

describe("writeAddressBook", () => {
  const deployment = {
    escrow: address("escrow"),
    lens: address("lens"),
    allowanceRecharge: address("recharge"),
    governor: address("governor"),
    payoutPolicy: address("policy"),
    block: 123,
  };

  test("default: writes one chain's deployment and leaves the rest as it is", async () => {
    const file = join(folder, "addresses.ts");
    await copyFile(ADDRESS_BOOK, file);
    await writeAddressBook({ book: addressBook, chainId: 84_532, deployment, file });
    const { addressBook: written } = (await import(file)) as { addressBook: typeof addressBook };
    expect(written).toEqual({ ...addressBook, 84_532: { ...addressBook[84_532], deployment } });
    const bytes = [await readFile(ADDRESS_BOOK, "utf8"), await readFile(file, "utf8")];
    expect(bytes[1]?.split("export const")[0]).toBe(bytes[0]?.split("export const")[0]);
  });

  test("behavior: the file is what would be written for what it says", async () => {
    expect(await readFile(ADDRESS_BOOK, "utf8")).toContain(renderBook(addressBook));
  });
});
