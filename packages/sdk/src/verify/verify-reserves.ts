import { creditEscrowAbi } from "@infr/contracts/abi";
import { formatUsdc, microUsdc } from "@infr/money";
import { accountCommitment, type Owed, verifyLiability } from "@infr/protocol";
import { erc20Abi } from "viem";
import { readReservesFile } from "./files.ts";
import type { SettledBatches } from "./settled-batches.ts";
import { type Check, type Verification, verificationOf } from "./verification.ts";
import { checkPlace } from "./verify-receipt.ts";

/**
 * Checks that an account was counted in, whole, when all that is owed was added up at the end of a day. It is worth as much as
 * the root is public: `root` is what others see, from another place than the file.
 * @throws MalformedFileError
 */
export function verifyReservesFile(file: unknown, { root }: { root?: string } = {}): Verification {
  const claim = readReservesFile(file, "");
  const { ref, salt, owed, total, proof } = claim;
  const liability = { ...owed, commitment: accountCommitment({ ref, salt }) };
  const checks: Check[] = [
    {
      name: "what you are owed is in the day's total",
      ok: verifyLiability({ root: claim.root, as: claim, total, liability, proof }),
      detail: `${describe(owed)}; account ${proof.index + 1} of ${proof.count}`,
    },
  ];
  if (root !== undefined) {
    checks.push({ name: "the root is the one that others see", ok: claim.root === root, detail: claim.root });
  }
  return verificationOf(checks);
}

/**
 * Checks the day's total against the contract: it is what the contract owed at that block, and the USDC was there. Needs an RPC
 * that still has the state of the block.
 */
export async function verifyReservesTotal(file: unknown, batches: SettledBatches): Promise<Verification> {
  const claim = readReservesFile(file, "");
  const { client, escrow } = batches;
  const at = { blockNumber: claim.block } as const;
  const ofEscrow = { address: escrow, abi: creditEscrowAbi, ...at } as const;
  const [liabilities, usdc] = await Promise.all([
    client.readContract({ ...ofEscrow, functionName: "liabilities" }),
    client.readContract({ ...ofEscrow, functionName: "usdc" }),
  ]);
  const held = await client.readContract({
    address: usdc,
    abi: erc20Abi,
    functionName: "balanceOf",
    args: [escrow],
    ...at,
  });
  const total = sumOf(claim.total);
  return verificationOf([
    checkPlace(claim, batches),
    {
      name: "the total is what the contract owed",
      ok: total === liabilities,
      detail: `$${formatUsdc(microUsdc(liabilities))} at block ${claim.block}`,
    },
    {
      name: "the USDC held covered it",
      ok: held >= liabilities,
      detail: `$${formatUsdc(microUsdc(held))} held`,
    },
  ]);
}

const sumOf = ({ credit, earnings, vouchers }: Owed): bigint => credit + earnings + vouchers;

const describe = ({ credit, earnings, vouchers }: Owed): string =>
  `credit $${formatUsdc(credit)}, earnings $${formatUsdc(earnings)}, vouchers $${formatUsdc(vouchers)}`;
