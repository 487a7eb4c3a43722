/** What a caller and a job need to know of an expected failure; the message is an instruction. */
export abstract class InfrError extends Error {
  /** Stable, machine-readable, snake_case. */
  abstract readonly code: string;
  /** HTTP status it is answered with. */
  abstract readonly status: number;
  /** Whether trying again later, unchanged, can succeed. */
  readonly retryable: boolean = false;
  /** How long to wait before that. */
  readonly retryAfterSeconds: number = 1;
  /** Request parameter that is at fault, where there is one. */
  readonly param: string | null = null;

  override get name(): string {
    return this.constructor.name;
  }
}

const TOO_MANY = 429;
const AN_HOUR = 3_600;

/**
 * A refusal that has one of several reasons: a code each, and the status that it is answered with. What was asked for too
 * often (429) can be in an hour, what somebody else did not answer (5xx) in a second.
 */
export abstract class RefusedError<Code extends string> extends InfrError {
  readonly code: Code;
  readonly status: number;
  override readonly param: string | null;
  override readonly retryable: boolean;
  override readonly retryAfterSeconds: number;

  constructor(refusal: { code: Code; status: number; message: string; param: string | null }) {
    super(refusal.message);
    this.code = refusal.code;
    this.status = refusal.status;
    this.param = refusal.param;
    this.retryable = this.status === TOO_MANY || this.status >= 500;
    this.retryAfterSeconds = this.status === TOO_MANY ? AN_HOUR : 1;
  }
}

export class NotFoundError extends InfrError {
  readonly code = "not_found";
  readonly status = 404;
  constructor(what: string) {
    super(`There is no such ${what}. Check the id, and that you are signed in to the account it belongs to.`);
  }
}

export class SignedOutError extends InfrError {
  readonly code = "signed_out";
  readonly status = 401;
  constructor() {
    super("You are not signed in, or the session has expired. Sign in again.");
  }
}

export class InvalidInputError extends InfrError {
  readonly code = "invalid_input";
  readonly status = 400;
  override readonly param: string | null;
  constructor(message: string, param: string | null = null) {
    super(message);
    this.param = param;
  }
}

/** Too much is queued in this process. */
export class OverloadedError extends InfrError {
  readonly code = "overloaded";
  readonly status = 503;
  override readonly retryable = true;
  constructor() {
    super("The service has more requests than it can take right now. Try again in a second.");
  }
}

/** A part that this request needs, such as the database or the chain, does not answer. */
export class UnavailableError extends InfrError {
  readonly code = "unavailable";
  readonly status = 503;
  override readonly retryable = true;
  constructor(what: string, cause?: unknown) {
    super(`${what} does not answer. Try again in a few seconds.`, { cause });
  }
}
