import { creditEscrowAbi } from "@infr/contracts/abi";
import { MAX_LINE } from "@infr/protocol";
import type { Chain } from "../../chain/open.ts";
import { pagesOf } from "../../chain/pages.ts";
import { type Applicant, allocateRooms, type Room } from "./allocate-rooms.ts";
import type { Candidate } from "./choose-accounts.ts";
import { PLATFORM_NUMBER } from "./compose-batch.ts";

const MAX_DEBT_MICRO = 2_000_000n;

/** Asks the contract, at one block, what it would take of these accounts. */
export async function readRooms(
  { client, escrow }: Chain,
  { candidates, numbers }: { candidates: Candidate[]; numbers: ReadonlyMap<string, number> },
): Promise<Map<string, Room>> {
  const blockNumber = await client.getBlockNumber({ cacheTime: 0 });
  const at = { address: escrow, abi: creditEscrowAbi } as const;
  const accountOf = (number: number) => ({ ...at, functionName: "accountOf", args: [number] }) as const;
  const readPage = (page: Candidate[]) =>
    client.multicall({
      blockNumber,
      deployless: true,
      allowFailure: false,
      batchSize: 0,
      contracts: page.map(({ accountId }) => accountOf(numbers.get(accountId) ?? 0)),
    });
  const [[capacity], platform, ...pages] = await Promise.all([
    client.readContract({ ...at, functionName: "settlementCapacity", blockNumber }),
    client.readContract({ ...accountOf(PLATFORM_NUMBER), blockNumber }),
    ...pagesOf(candidates).map(readPage),
  ]);
  const accounts = pages.flat();
  const applicants = candidates.map(({ accountId, unsettledNano, fundedNano }, index): Applicant => {
    const account = accounts[index];
    if (!account) throw new Error("the node left a question of a multicall unanswered");
    const { balance, debt, dayLimit, used } = account;
    const [debtRoom, limitRoom] = [MAX_DEBT_MICRO - BigInt(debt), BigInt(dayLimit) - BigInt(used)];
    return { accountId, unsettledNano, fundedNano, balance, debtRoom, limitRoom };
  });
  const rooms = allocateRooms(applicants, { capacity, platformBalance: platform.balance, maxLine: MAX_LINE });
  return new Map(rooms.map((room) => [room.accountId, room]));
}
