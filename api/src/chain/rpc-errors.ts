import { allowanceRechargeAbi, creditEscrowAbi } from "@infr/contracts/abi";
import {
  BaseError,
  CallExecutionError,
  decodeErrorResult,
  ExecutionRevertedError,
  type Hex,
  HttpRequestError,
  InternalRpcError,
  LimitExceededRpcError,
  RawContractError,
  ResourceUnavailableRpcError,
  TimeoutError,
} from "viem";

/** Contracts whose errors have names. */
const OURS = [...creditEscrowAbi, ...allowanceRechargeAbi] as const;
/** The contract said no, or the gas was not enough. */
const REVERT_WORDS = /revert|out of gas|outofgas|gas required exceeds/i;
/** A node that is behind does not know a block that we have seen. */
const BEHIND_WORDS =
  /header not found|unknown block|block not found|block.{0,20}not.{0,10}(found|available)|BlockOutOfRange/i;
/** A node that knows a transaction already, or has mined its nonce. */
const KNOWN_WORDS = /already (known|imported|exists)|nonce too low|replacement.{0,20}underpriced|could not replace/i;
/** A node that does not keep a transaction because it pays less than a block asks for. */
const CHEAP_WORDS =
  /fee cap|less than block base fee|max ?fee ?per ?gas.{0,20}(less|too low|below)|transaction underpriced/i;

/** An endpoint whose newest block is older than one that we have booked: what it says is not the present. */
export class EndpointLagsError extends Error {
  override readonly name = "EndpointLagsError";

  constructor({ head, known }: { head: bigint; known: bigint }) {
    super(
      `The chain's endpoint is at block ${head}, and block ${known} is booked already. Waiting for it to catch up.`,
    );
  }
}

/** Whether a node did not answer, or would not now: the same question may be answered later, or by another node. */
export const isOutOfReach = (error: unknown): boolean => {
  if (!(error instanceof BaseError)) return true;
  if (REVERT_WORDS.test(error.message)) return false;
  if (BEHIND_WORDS.test(error.message)) return true;
  return (
    error.walk(
      (cause) =>
        cause instanceof HttpRequestError ||
        cause instanceof TimeoutError ||
        cause instanceof LimitExceededRpcError ||
        cause instanceof ResourceUnavailableRpcError,
    ) !== null
  );
};

/** Whether another node may know better: this one did not answer, or failed inside. */
export const isNodesFault = (error: unknown): boolean =>
  isOutOfReach(error) ||
  (error instanceof BaseError &&
    !REVERT_WORDS.test(error.message) &&
    error.walk((cause) => cause instanceof InternalRpcError) !== null);

/** Whether a call failed because the contract said no, or ran out of gas. */
export const isRevert = (error: unknown): boolean => {
  if (isOutOfReach(error) || !(error instanceof BaseError)) return false;
  return (
    REVERT_WORDS.test(error.message) ||
    error.walk((cause) => cause instanceof ExecutionRevertedError || cause instanceof RawContractError) !== null
  );
};

/** Why a node did not take signed bytes: it has them or their nonce already, they pay too little, or something else. */
export function refusalOf(error: unknown): "known" | "cheap" | "other" {
  if (!(error instanceof BaseError)) return "other";
  if (KNOWN_WORDS.test(error.message)) return "known";
  return CHEAP_WORDS.test(error.message) ? "cheap" : "other";
}

/** The contract's own words for a revert, e.g. `BelowMinimum(1, 5000000)`. */
export function revertReason(error: unknown): string {
  const data = revertData(error);
  if (data) {
    try {
      const { errorName, args } = decodeErrorResult({ abi: OURS, data });
      return `${errorName}(${(args ?? []).join(", ")})`;
    } catch {
      // not one of ours: the node's words have to do
    }
  }
  return error instanceof CallExecutionError ? error.shortMessage : String(error);
}

function revertData(error: unknown): Hex | null {
  if (!(error instanceof BaseError)) return null;
  const raw = error.walk(
    (cause) => typeof cause === "object" && cause !== null && "data" in cause && cause.data !== undefined,
  );
  const data = raw && "data" in raw ? raw.data : null;
  if (typeof data === "string" && data.startsWith("0x")) return data as Hex;
  return typeof data === "object" && data !== null && "data" in data && typeof data.data === "string"
    ? (data.data as Hex)
    : null;
}
