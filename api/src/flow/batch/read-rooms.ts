import { creditEscrowAbi } from "@infr/contracts/abi";
import { MAX_LINE } from "@infr/protocol";
import type { Chain } from "../../chain/open.ts";
import { type Applicant, allocateRooms, type Room } from "./allocate-rooms.ts";
import type { Candidate } from "./choose-accounts.ts";
import { PLATFORM_NUMBER } from "./compose-batch.ts";

const MAX_DEBT_MICRO = 2_000_000n;

/** Asks the contract, at one block, what it would take of these accounts. */
export async function readRooms(
  { client, escrow }: Chain,
  { candidates, numbers }: { candidates: Candidate[]; numbers: ReadonlyMap<string, number> },
): Promise<Map<string, Room>> {
  const at = {
    address: escrow,
    abi: creditEscrowAbi,
    blockNumber: await client.getBlockNumber({ cacheTime: 0 }),
  } as const;
  const accountOf = (number: number) => client.readContract({ ...at, functionName: "accountOf", args: [number] });
  const [[capacity], platform, applicants] = await Promise.all([
    client.readContract({ ...at, functionName: "settlementCapacity" }),
    accountOf(PLATFORM_NUMBER),
    Promise.all(
      candidates.map(async ({ accountId, unsettledNano, fundedNano }): Promise<Applicant> => {
        const { balance, debt, dayLimit, used } = await accountOf(numbers.get(accountId) ?? 0);
        const [debtRoom, limitRoom] = [MAX_DEBT_MICRO - BigInt(debt), BigInt(dayLimit) - BigInt(used)];
        return { accountId, unsettledNano, fundedNano, balance, debtRoom, limitRoom };
      }),
    ),
  ]);
  const rooms = allocateRooms(applicants, { capacity, platformBalance: platform.balance, maxLine: MAX_LINE });
  return new Map(rooms.map((room) => [room.accountId, room]));
}
