import type { SettledBatch } from "./settled-batches.ts";

/** One thing that was looked at. */
export interface Check {
  /** What has to be so, in words for the user. */
  name: string;
  ok: boolean;
  /** What was found. */
  detail: string;
}

/** What came of checking a file: it verifies if every check is fine. */
export interface Verification {
  ok: boolean;
  checks: Check[];
}

/** The same for what was settled, with the batch as the chain has it. */
export interface BatchVerification extends Verification {
  batch: SettledBatch;
}

export const verificationOf = (checks: Check[]): Verification => ({ ok: checks.every(({ ok }) => ok), checks });
