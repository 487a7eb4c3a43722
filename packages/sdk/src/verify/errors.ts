/** A file that is not what it has to be: changed on the way, cut off, or something else altogether. */
export class MalformedFileError extends Error {
  override readonly name = "MalformedFileError";
  readonly code = "malformed_file";
  /** Where in the file, such as `receipt.cost`. */
  readonly place: string;

  constructor(place: string, expected: string) {
    super(`${place === "" ? "The file" : place} has to be ${expected}. Get the file again from where you have it.`);
    this.place = place;
  }
}

/** The contract has settled no such batch: not yet, or it was undone. */
export class NotSettledError extends Error {
  override readonly name = "NotSettledError";
  readonly code = "not_settled";
  readonly seq: bigint;

  constructor(seq: bigint) {
    super(`The contract has no settled batch ${seq}. It is still on its way, or was undone: try again in a minute.`);
    this.seq = seq;
  }
}

/** The RPC contradicts itself: what it says of a batch does not come to the digest that the contract keeps. */
export class InconsistentChainError extends Error {
  override readonly name = "InconsistentChainError";
  readonly code = "inconsistent_chain";

  constructor(what: string) {
    super(`${what} Ask another RPC: this one is behind, has lost blocks, or changes what it is asked for.`);
  }
}
