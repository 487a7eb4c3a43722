import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Address, getAddress, isAddress, isHex, size, zeroAddress, zeroHash } from "viem";
import { addressBook } from "../../addresses.ts";

/** The chains that are deployed to: name of the parameters' file, of Hardhat's network, and chain id. */
export const CHAINS = {
  base: { network: "base", chainId: 8453 },
  "base-sepolia": { network: "baseSepolia", chainId: 84_532 },
} as const;
export type ChainName = keyof typeof CHAINS;

/** Throws if `text` is no {@link ChainName}. */
export function requireChainName(text: string | undefined): ChainName {
  if (text === undefined || !(text in CHAINS)) throw new Error(`Name a chain: ${Object.keys(CHAINS).join(" or ")}.`);
  return text as ChainName;
}

type Kind = "address" | "safe" | "word" | "amount";

interface Rule {
  readonly kind: Kind;
  readonly about: string;
  /** Least amount. */
  readonly min?: bigint;
}

const MAX_UINT64 = 2n ** 64n - 1n;

/** Every parameter of `modules/base.ts`: what it is, for whoever has to fill it in, and what it has to look like. */
export const PARAMETERS = {
  usdc: { kind: "address", about: "Circle's USDC, as in contracts/addresses.ts" },
  platform: { kind: "safe", about: "the Safe that owns account 1, the platform's" },
  settler: { kind: "address", about: "key or ERC-1271 wallet that signs batches" },
  clearer: { kind: "address", about: "key or ERC-1271 wallet that clears moves of credit" },
  attributor: { kind: "address", about: "key that attributes plain transfers" },
  guardian: { kind: "safe", about: "the Safe that may only delay or undo" },
  proposer: { kind: "safe", about: "the Safe that proposes to the timelock, and may cancel" },
  executor: { kind: "safe", about: "the Safe that executes what has waited; may be the proposer" },
  canceller: { kind: "safe", about: "the Safe that cancels what the proposer should not have proposed" },
  timelockDelay: { kind: "amount", about: "seconds that a proposal waits: 48 hours or more", min: 172_800n },
  eas: { kind: "address", about: "the Ethereum Attestation Service, a predeploy on Base" },
  easSchema: { kind: "word", about: "uid of the EAS schema that says who is verified" },
  easAttester: { kind: "address", about: "whose attestations are believed" },
  capacity: { kind: "amount", about: "most that batches settle at once, in µUSDC", min: 1n },
  window: { kind: "amount", about: "seconds in which that capacity refills", min: 1n },
} as const satisfies Record<string, Rule>;

export type ParameterName = keyof typeof PARAMETERS;
export const PARAMETER_NAMES = Object.keys(PARAMETERS) as ParameterName[];
const ruleOf = (name: ParameterName): Rule => PARAMETERS[name];

/** Who must not be somebody else at the same time: each is there to stop or to complement another. */
const APART = ["settler", "clearer", "attributor", "guardian", "proposer", "canceller"] as const;

/** As they stand in a file: amounts as `123n`, which Ignition reads as integers. */
export type Parameters = Readonly<Record<ParameterName, string>>;

/** What a file has where nobody has decided yet. */
export const placeholderOf = (name: ParameterName): string => `REQUIRED: ${ruleOf(name).about}`;
const isPlaceholder = (text: string): boolean => text.startsWith("REQUIRED");

export const parametersFile = (chain: ChainName): string =>
  join(import.meta.dirname, `../../ignition/parameters/${chain}.json`);

/** Parameters that can't be deployed with: every fault is in the message, by name. */
export class InvalidParametersError extends Error {
  override readonly name = "InvalidParametersError";
  readonly code = "invalid_parameters";
  readonly faults: Readonly<Record<string, string>>;

  constructor(source: string, faults: Readonly<Record<string, string>>) {
    const list = Object.entries(faults).map(([name, fault]) => `  ${name}: ${fault}`);
    super(
      `${source} can't be deployed with:\n${list.join("\n")}\n` +
        "Set them by `node contracts/scripts/set-parameters.ts <chain> --<name> <value> …`.",
    );
    this.faults = faults;
  }
}

/** What is in a file, unchecked. */
export async function readParameters(file: string): Promise<Record<string, string>> {
  return (JSON.parse(await readFile(file, "utf8")) as { Base: Record<string, string> }).Base;
}

export async function writeParameters(file: string, parameters: Record<string, string>): Promise<void> {
  await writeFile(file, `${JSON.stringify({ Base: parameters }, null, 2)}\n`);
}

/** What is wrong with one value, or undefined. */
export function faultOf(name: ParameterName, value: string | undefined): string | undefined {
  const { kind, about, min = 0n } = ruleOf(name);
  if (value === undefined || isPlaceholder(value)) return `not set: ${about}`;
  if (kind === "amount") {
    const amount = /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : -1n;
    return amount < min || amount > MAX_UINT64
      ? `${value} is not an integer like ${min}n, at least that: ${about}`
      : undefined;
  }
  if (kind === "word") {
    const good = isHex(value) && size(value) === 32 && value !== zeroHash;
    return good ? undefined : `${value} is not 32 bytes other than zero: ${about}`;
  }
  if (value.toLowerCase() === zeroAddress) return `the zero address: ${about}`;
  if (!isAddress(value, { strict: false })) return `${value} is not an address: ${about}`;
  const written = getAddress(value);
  return value === written ? undefined : `${value} fails its checksum: check the address, then write it as ${written}`;
}

/** @returns the parameters, if a deployment to the chain may use them. Throws {@link InvalidParametersError}. */
export function checkParameters(chain: ChainName, given: Record<string, string>, source: string): Parameters {
  const faults: Record<string, string> = {};
  for (const name of Object.keys(given)) {
    if (!PARAMETER_NAMES.includes(name as ParameterName)) faults[name] = "no such parameter";
  }
  for (const name of PARAMETER_NAMES) {
    const fault = faultOf(name, given[name]);
    if (fault) faults[name] = fault;
  }
  const { chainId } = CHAINS[chain];
  const usdc = addressBook[chainId].usdc;
  if (!faults.usdc && given.usdc !== usdc) faults.usdc = `${given.usdc} is not USDC on chain ${chainId}, ${usdc} is`;
  for (const [index, name] of APART.entries()) {
    const other = APART.slice(0, index).find((each) => given[each] === given[name]);
    if (other && !faults[name]) faults[name] = `the same as ${other}: they have to be apart`;
  }
  if (Object.keys(faults).length > 0) throw new InvalidParametersError(source, faults);
  return given as Parameters;
}

/** As Ignition takes them. */
export const toIgnition = (parameters: Parameters): Record<string, string | bigint> =>
  Object.fromEntries(
    PARAMETER_NAMES.map((name) => {
      const value = parameters[name];
      return [name, ruleOf(name).kind === "amount" ? BigInt(value.slice(0, -1)) : value];
    }),
  );

/** The parameters that have to be contracts by the time of the deployment. */
export const contractsAmong = (parameters: Parameters): Record<string, Address> =>
  Object.fromEntries(
    PARAMETER_NAMES.filter((name) => name === "usdc" || name === "eas" || ruleOf(name).kind === "safe").map((name) => [
      name,
      parameters[name] as Address,
    ]),
  );
