import {
  type Address,
  concatHex,
  getContractAddress,
  getCreate2Address,
  isAddressEqual,
  keccak256,
  type PublicClient,
  stringToHex,
  zeroAddress,
  zeroHash,
} from "viem";
import {
  allowanceRechargeAbi,
  creditEscrowAbi,
  easPayoutPolicyAbi,
  escrowLensAbi,
  timelockControllerAbi,
} from "../../abi/index.ts";
import type { Deployment } from "../../addresses.ts";
import { CHAINS, type ChainName, type Parameters } from "./parameters.ts";

/** One thing that a deployment has to have, and what it has. */
export interface Finding {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
}

export interface Deployed extends Deployment {
  readonly deployer: Address;
  /** The block of the timelock's deployment, from which its events are read. */
  readonly governorBlock: number;
}

interface Place {
  readonly chain: ChainName;
  readonly reader: PublicClient;
  readonly parameters: Parameters;
  readonly deployed: Deployed;
}

const ROLES = ["settler", "clearer", "attributor", "guardian"] as const;
const TIMELOCK_ROLES = ["PROPOSER", "EXECUTOR", "CANCELLER"] as const;
const ANY_REF = keccak256(stringToHex("a ref"));
const finding = (what: string, wanted: unknown, found: unknown): Finding => ({
  what,
  wanted: String(wanted),
  found: String(found),
});

/** Everything that can be read of a new deployment, beside what it has to be. */
export async function readWiring(place: Place): Promise<Finding[]> {
  const { chain, reader } = place;
  return [
    finding("chain id", CHAINS[chain].chainId, await reader.getChainId()),
    ...(await readSetup(place)),
    ...(await readTimelock(place)),
    ...(await readParts(place)),
    ...(await readState(place)),
  ];
}

/** What the constructor was given. */
async function readSetup({ reader, parameters, deployed }: Place): Promise<Finding[]> {
  const escrow = { address: deployed.escrow, abi: creditEscrowAbi } as const;
  const [, capacity, window] = await reader.readContract({ ...escrow, functionName: "settlementCapacity" });
  const owner = await reader.readContract({ ...escrow, functionName: "ownerOf", args: [1] });
  const policy = await reader.readContract({ ...escrow, functionName: "payoutPolicy" });
  const roleOf = (role: number) => reader.readContract({ ...escrow, functionName: "roleOf", args: [role] });
  return [
    finding("usdc", parameters.usdc, await reader.readContract({ ...escrow, functionName: "usdc" })),
    finding("owner of account 1", parameters.platform, owner),
    ...(await Promise.all(ROLES.map(async (role, index) => finding(role, parameters[role], await roleOf(index))))),
    finding("governor", deployed.governor, await roleOf(ROLES.length)),
    finding("payout policy", deployed.payoutPolicy, policy),
    finding("capacity", parameters.capacity, `${capacity}n`),
    finding("window", parameters.window, `${window}n`),
  ];
}

/** Delays, and exactly who has which role of the timelock: from its events, so that nobody is overlooked. */
async function readTimelock({ reader, parameters, deployed }: Place): Promise<Finding[]> {
  const timelock = { address: deployed.governor, abi: timelockControllerAbi } as const;
  const holders = await holdersOf(reader, deployed);
  const sorted = (...addresses: string[]): string => [...new Set(addresses)].toSorted().join(" ");
  const heldBy = (role: string): string => sorted(...(holders.get(role) ?? []));
  const wanted: Record<(typeof TIMELOCK_ROLES)[number], string> = {
    PROPOSER: sorted(parameters.proposer),
    EXECUTOR: sorted(parameters.executor),
    CANCELLER: sorted(parameters.proposer, parameters.canceller),
  };
  const rights = [...holders.values()].flatMap((each) => [...each]).filter((each) => each === deployed.deployer);
  const delay = await reader.readContract({ ...timelock, functionName: "getMinDelay" });
  const successorDelay = await reader.readContract({
    address: deployed.escrow,
    abi: creditEscrowAbi,
    functionName: "SUCCESSOR_DELAY",
  });
  return [
    finding("timelock: delay", parameters.timelockDelay, `${delay}n`),
    finding("timelock: administrator", sorted(deployed.governor), heldBy(zeroHash)),
    ...TIMELOCK_ROLES.map((role) =>
      finding(`timelock: ${role.toLowerCase()}`, wanted[role], heldBy(keccak256(stringToHex(`${role}_ROLE`)))),
    ),
    finding("timelock: rights of the deployer", 0, rights.length),
    finding("delay of a successor", 14 * 86_400, successorDelay),
  ];
}

/** By role, who was granted it and has not lost it since. */
async function holdersOf(
  reader: PublicClient,
  { governor, governorBlock }: Deployed,
): Promise<Map<string, Set<string>>> {
  const about = {
    address: governor,
    abi: timelockControllerAbi,
    fromBlock: BigInt(governorBlock),
    strict: true,
  } as const;
  const granted = await reader.getContractEvents({ ...about, eventName: "RoleGranted" });
  const revoked = await reader.getContractEvents({ ...about, eventName: "RoleRevoked" });
  const inOrder = [...granted, ...revoked].toSorted(
    (left, right) => Number(left.blockNumber - right.blockNumber) || left.logIndex - right.logIndex,
  );
  const holders = new Map<string, Set<string>>();
  for (const { eventName, args } of inOrder) {
    const held = holders.get(args.role) ?? new Set();
    holders.set(args.role, held);
    if (eventName === "RoleGranted") held.add(args.account);
    else held.delete(args.account);
  }
  return holders;
}

/** What stands beside the escrow or was made by it: policy, lens, recharges, forwarder, extension. */
async function readParts({ chain, reader, parameters, deployed }: Place): Promise<Finding[]> {
  const policy = { address: deployed.payoutPolicy, abi: easPayoutPolicyAbi } as const;
  const escrow = { address: deployed.escrow, abi: creditEscrowAbi } as const;
  const made = partsOf(deployed.escrow);
  const depositAddress = await reader.readContract({ ...escrow, functionName: "depositAddressOf", args: [ANY_REF] });
  const [, name, version, chainId, contract] = await reader.readContract({ ...escrow, functionName: "eip712Domain" });
  const lens = { address: deployed.lens, abi: escrowLensAbi } as const;
  const recharge = { address: deployed.allowanceRecharge, abi: allowanceRechargeAbi } as const;
  const hasCode = async (address: Address): Promise<boolean> => (await reader.getCode({ address })) !== undefined;
  return [
    finding("policy: EAS", parameters.eas, await reader.readContract({ ...policy, functionName: "EAS" })),
    finding("policy: schema", parameters.easSchema, await reader.readContract({ ...policy, functionName: "SCHEMA" })),
    finding(
      "policy: attester",
      parameters.easAttester,
      await reader.readContract({ ...policy, functionName: "ATTESTER" }),
    ),
    finding("lens", deployed.escrow, await reader.readContract({ ...lens, functionName: "ESCROW" })),
    finding("recharges", deployed.escrow, await reader.readContract({ ...recharge, functionName: "ESCROW" })),
    finding("extension", made.extension, await reader.readContract({ ...escrow, functionName: "EXTENSION" })),
    finding("extension has code", true, await hasCode(made.extension)),
    finding("forwarder has code", true, await hasCode(made.forwarder)),
    finding("deposit address of a ref", cloneOf({ ...made, escrow: deployed.escrow }), depositAddress),
    finding(
      "EIP-712 domain",
      ["CreditEscrow", "1", CHAINS[chain].chainId, deployed.escrow].join(" "),
      [name, version, chainId, contract].join(" "),
    ),
  ];
}

/** A new escrow owes nothing, has settled nothing and is not paused. */
async function readState({ reader, deployed }: Place): Promise<Finding[]> {
  const escrow = { address: deployed.escrow, abi: creditEscrowAbi } as const;
  const [seq, prev] = await reader.readContract({ ...escrow, functionName: "nextBatch" });
  const [successor] = await reader.readContract({ ...escrow, functionName: "successor" });
  const paused = [0, 1, 2, 3].map((group) =>
    reader.readContract({ ...escrow, functionName: "pausedUntil", args: [group] }),
  );
  return [
    finding("next batch", `1 ${zeroHash}`, `${seq} ${prev}`),
    finding("liabilities", 0, await reader.readContract({ ...escrow, functionName: "liabilities" })),
    finding("next account", 2, await reader.readContract({ ...escrow, functionName: "nextId" })),
    finding("pauses", "0 0 0 0", (await Promise.all(paused)).join(" ")),
    finding("successor", zeroAddress, successor),
  ];
}

/** What the escrow's constructor has deployed, in its order. */
export const partsOf = (escrow: Address): { forwarder: Address; extension: Address } => ({
  forwarder: getContractAddress({ from: escrow, nonce: 1n }),
  extension: getContractAddress({ from: escrow, nonce: 2n }),
});

/** The ERC-1167 clone at a deposit address: CREATE2 with the ref as salt. */
function cloneOf({ escrow, forwarder }: { escrow: Address; forwarder: Address }): Address {
  const bytecode = concatHex([
    "0x3d602d80600a3d3981f3363d3d373d3d3d363d73",
    forwarder,
    "0x5af43d82803e903d91602b57fd5bf3",
  ]);
  return getCreate2Address({ from: escrow, salt: ANY_REF, bytecode });
}

const isSame = ({ wanted, found }: Finding): boolean =>
  wanted === found ||
  (/^0x[0-9a-f]{40}$/i.test(wanted) &&
    /^0x[0-9a-f]{40}$/i.test(found) &&
    isAddressEqual(wanted as Address, found as Address));

/** Prints the findings as a table. @returns whether all are as they have to be */
export function printWiring(findings: readonly Finding[], print: (line: string) => void): boolean {
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const each of findings) {
    const good = isSame(each);
    print(`${good ? "✓" : "✗"} ${each.what.padEnd(width)}  ${each.found}${good ? "" : `, wanted ${each.wanted}`}`);
  }
  return findings.every(isSame);
}
