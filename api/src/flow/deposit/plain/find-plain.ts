import { creditEscrowAbi } from "@infr/contracts/abi";
import { decodeMemoTransfer, type EscrowAddress } from "@infr/protocol";
import {
  type Address,
  encodeAbiParameters,
  type Hex,
  keccak256,
  type Log,
  parseAbi,
  parseEventLogs,
  type TransactionReceipt,
} from "viem";

const tokenAbi = parseAbi(["event Transfer(address indexed from, address indexed to, uint256 value)"]);

/** Credits surplus, which has come before: no USDC comes with it. */
const RAIL_ATTRIBUTED = 6;

/** What came to the escrow in a transaction without being booked. */
export type Found = { logIndex: number; sender: Address; amountMicro: bigint; memoAccount: number | null };

type At = EscrowAddress & { usdc: Address };
type Sent = {
  transaction: { to: Address | null; from: Address; input: Hex };
  receipt: Pick<TransactionReceipt, "logs">;
};

/**
 * The USDC transfers of a transaction that no rail has booked: of each `Deposited` event one transfer from its payer, of
 * the same amount, is taken off. A memo counts only if the transaction calls the token's `transfer` itself, its sender is
 * who pays, and it is the only transfer of USDC to the escrow: nobody can name an account for somebody else's money.
 */
export function findPlain(at: At, { transaction, receipt: { logs } }: Sent): Found[] {
  const incoming = parseEventLogs({ abi: tokenAbi, logs }).filter(
    ({ address, args }) => isSame(address, at.usdc) && isSame(args.to, at.escrow),
  );
  const booked = parseEventLogs({ abi: creditEscrowAbi, eventName: "Deposited", logs })
    .filter(({ address, args }) => isSame(address, at.escrow) && args.rail !== RAIL_ATTRIBUTED)
    .map(({ args }) => `${args.payer.toLowerCase()} ${args.amount}`);
  const plain = incoming.filter(({ args }) => {
    const place = booked.indexOf(`${args.from.toLowerCase()} ${args.value}`);
    if (place >= 0) booked.splice(place, 1);
    return place < 0 && args.value > 0n;
  });
  return plain.map(({ logIndex, args }) => ({
    logIndex,
    sender: args.from.toLowerCase() as Address,
    amountMicro: args.value,
    memoAccount:
      incoming.length === 1 && isSame(transaction.to ?? "", at.usdc) && isSame(transaction.from, args.from)
        ? (decodeMemoTransfer(at, transaction.input) ?? null)
        : null,
  }));
}

/** The contract's name for a log: `keccak256(abi.encode(blockHash, logIndex))`. */
export const logKeyOf = ({ blockHash, logIndex }: Pick<Log<bigint, number, false>, "blockHash" | "logIndex">): Hex =>
  keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [blockHash, BigInt(logIndex)]));

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
