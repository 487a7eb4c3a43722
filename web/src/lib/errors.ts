import type { BaseError, ContractFunctionRevertedError } from "viem";

/** An answer of the API that is not a success, or no answer at all (status 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;

  constructor({ status, code, message, cause }: { status: number; code: string; message: string; cause?: unknown }) {
    super(message, { cause });
    this.status = status;
    this.code = code;
  }

  static unreachable(cause: unknown): ApiError {
    return new ApiError({ status: 0, code: "unreachable", message: "The API does not answer. Try again.", cause });
  }

  /** Reads problem details (`/api`) and OpenAI's error shape (`/v1`). */
  static from(status: number, body: unknown): ApiError {
    const { error, detail, title, message, code } = fields(body);
    const inner = fields(error);
    return new ApiError({
      status,
      code: textOf(inner.code) ?? textOf(code) ?? `http_${status}`,
      message:
        textOf(inner.message ?? detail ?? title ?? message) ?? `The API answered with status ${status}. Try again.`,
    });
  }
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** EIP-1193's code for what a user has refused. */
const REJECTED = 4001;

/** viem's errors are told by their shape and names: their classes would bring its code along, which not every page needs. */
const isOfViem = (error: unknown): error is BaseError =>
  error instanceof Error && "walk" in error && typeof error.walk === "function" && "shortMessage" in error;

const causeNamed = (error: BaseError, name: string): Error | null =>
  error.walk((cause) => cause instanceof Error && cause.name === name);

/** True when the user said no in the wallet: nothing went wrong, so nothing is shown. */
export function isRejected(error: unknown): boolean {
  if (isOfViem(error)) return causeNamed(error, "UserRejectedRequestError") !== null;
  return fields(error).code === REJECTED;
}

/** What to tell the user, as an instruction where there is one. */
export function describeError(error: unknown): string {
  if (isOfViem(error)) {
    const revert = causeNamed(error, "ContractFunctionRevertedError") as ContractFunctionRevertedError | null;
    if (revert) return `The contract refused: ${revert.data?.errorName ?? revert.reason ?? revert.shortMessage}.`;
    if (causeNamed(error, "InsufficientFundsError")) {
      return "This wallet has too little ETH for the network fee. Add some, or use the gasless way.";
    }
    return error.shortMessage;
  }
  return error instanceof Error ? error.message : "Something went wrong. Try again.";
}
