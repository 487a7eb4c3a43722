import { creditEscrowAbi } from "@infr/contracts/abi";
import { MAX_LINE } from "@infr/protocol";
import type { Chain } from "../../chain/open.ts";
import { MANY_QUESTIONS } from "../../chain/questions.ts";
import { type Applicant, allocateRooms, type Room } from "./allocate-rooms.ts";
import type { Candidate } from "./choose-accounts.ts";
import { PLATFORM_NUMBER } from "./compose-batch.ts";

const MAX_DEBT_MICRO = 2_000_000n;
/**
 * Chain time within which a batch that is built now is settled or given up. A lower day limit that its owner has asked for
 * may begin to count within it: a line above it would stop everybody's batch.
 */
const SETTLED_WITHIN_SECONDS = 1_800n;

/** Asks the contract, at one block, what it would take of these accounts. */
export async function readRooms(
  chain: Chain,
  { candidates, numbers }: { candidates: Candidate[]; numbers: ReadonlyMap<string, number> },
): Promise<Map<string, Room>> {
  const block = await chain.client.getBlock();
  const at = { address: chain.escrow, abi: creditEscrowAbi, blockNumber: block.number } as const;
  const [[capacity], platform] = await Promise.all([
    chain.client.readContract({ ...at, functionName: "settlementCapacity" }),
    chain.client.readContract({ ...at, functionName: "accountOf", args: [PLATFORM_NUMBER] }),
  ]);
  const applicants = await readApplicants(chain, { candidates, numbers, block });
  const rooms = allocateRooms(applicants, { capacity, platformBalance: platform.balance, maxLine: MAX_LINE });
  return new Map(rooms.map((room) => [room.accountId, room]));
}

type Asked = {
  candidates: Candidate[];
  numbers: ReadonlyMap<string, number>;
  block: { number: bigint; timestamp: bigint };
};

async function readApplicants({ client, escrow }: Chain, { candidates, numbers, block }: Asked): Promise<Applicant[]> {
  const contract = { address: escrow, abi: creditEscrowAbi } as const;
  const how = { blockNumber: block.number, allowFailure: false, ...MANY_QUESTIONS } as const;
  const ids = candidates.map(({ accountId }) => numbers.get(accountId) ?? 0);
  const [accounts, queued] = await Promise.all([
    client.multicall({
      ...how,
      contracts: ids.map((id) => ({ ...contract, functionName: "accountOf", args: [id] }) as const),
    }),
    client.multicall({
      ...how,
      contracts: ids.map((id) => ({ ...contract, functionName: "queuedOf", args: [id] }) as const),
    }),
  ]);
  return candidates.map(({ accountId, unsettledNano, fundedNano }, index) => {
    const [account, changes] = [accounts[index], queued[index]];
    if (!account || !changes) throw new Error("the node left a question of a multicall unanswered");
    const { balance, debt, dayLimit, used } = account;
    const [, , nextLimit, nextFrom] = changes;
    const isSoon = nextFrom !== 0 && BigInt(nextFrom) <= block.timestamp + SETTLED_WITHIN_SECONDS;
    const limit = BigInt(isSoon && nextLimit < dayLimit ? nextLimit : dayLimit);
    const debtRoom = MAX_DEBT_MICRO - BigInt(debt);
    return { accountId, unsettledNano, fundedNano, balance, debtRoom, limitRoom: limit - BigInt(used) };
  });
}
