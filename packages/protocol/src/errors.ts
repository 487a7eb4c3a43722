/** A value does not fit the field that is to carry it. */
export class OutOfRangeError extends Error {
  override readonly name = "OutOfRangeError";
  readonly code = "out_of_range";
  readonly field: string;
  readonly value: bigint;

  constructor(field: string, value: bigint, range: { min: bigint; max: bigint }) {
    super(`${field} is ${value}; it has to be within ${range.min} and ${range.max}.`);
    this.field = field;
    this.value = value;
  }
}

/** Ids do not rise strictly: a line or account is repeated, or out of order. */
export class NotAscendingError extends Error {
  override readonly name = "NotAscendingError";
  readonly code = "not_ascending";
  readonly id: number;
  readonly previous: number;

  constructor(id: number, previous: number) {
    super(`Id ${id} follows ${previous}; ids have to rise strictly. Sort them and add up what belongs to one id.`);
    this.id = id;
    this.previous = previous;
  }
}

/** A byte string that cannot be batch lines. */
export class MalformedLinesError extends Error {
  override readonly name = "MalformedLinesError";
  readonly code = "malformed_lines";
  readonly byteLength: number;

  constructor(byteLength: number) {
    super(`Lines are 9 bytes each; ${byteLength} bytes are not a whole number of lines.`);
    this.byteLength = byteLength;
  }
}

/** The same receipt twice in one sub-tree. */
export class DuplicateReceiptError extends Error {
  override readonly name = "DuplicateReceiptError";
  readonly code = "duplicate_receipt";
  readonly requestId: string;

  constructor(requestId: string) {
    super(`Receipt ${requestId} stands twice in one account's sub-tree. Every request is charged once.`);
    this.requestId = requestId;
  }
}

/** An account's receipts and its on-chain line do not add up. */
export class UnbalancedAccountError extends Error {
  override readonly name = "UnbalancedAccountError";
  readonly code = "unbalanced_account";
  readonly account: number;
  readonly expectedNano: bigint;
  readonly actualNano: bigint;

  constructor(account: number, amounts: { expectedNano: bigint; actualNano: bigint }) {
    super(
      `Account ${account}: carry in + account-paid receipts − carry out is ${amounts.actualNano} nano-dollars, ` +
        `its line says ${amounts.expectedNano}. Both have to be the same.`,
    );
    this.account = account;
    this.expectedNano = amounts.expectedNano;
    this.actualNano = amounts.actualNano;
  }
}

/** Text that is no voucher code. It is not repeated in the message: it may be one character off a code that is worth money. */
export class MalformedVoucherCodeError extends Error {
  override readonly name = "MalformedVoucherCodeError";
  readonly code = "malformed_voucher_code";
  readonly length: number;
  /** Place of the first character that is in no code, from 0, separators not counted. */
  readonly foreign: number | undefined;

  constructor({ length, foreign }: { length: number; foreign: number | undefined }) {
    super(
      foreign === undefined
        ? `A voucher code has 26 letters and digits, this one has ${length}. Copy the whole code.`
        : `Character ${foreign + 1} can't be in a voucher code: use digits and letters other than U. Check it.`,
    );
    this.length = length;
    this.foreign = foreign;
  }
}

/** A server secret of another length than 32 bytes. */
export class InvalidServerSecretError extends Error {
  override readonly name = "InvalidServerSecretError";
  readonly code = "invalid_server_secret";
  readonly byteLength: number;

  constructor(byteLength: number) {
    super(`The server secret of voucher keys has ${byteLength} bytes; it has to be 32 random bytes.`);
    this.byteLength = byteLength;
  }
}

/** A code whose hash is a multiple of the curve's order: it has no key. */
export class ZeroVoucherKeyError extends Error {
  override readonly name = "ZeroVoucherKeyError";
  readonly code = "zero_voucher_key";

  constructor() {
    super("This voucher code has no key. Generate another one.");
  }
}
