import { NodeError } from "./errors.ts";

/** What the node does wrong, on purpose. */
export interface Faults {
  /** Cut the connection of a stream after this many content chunks; an unstreamed answer is cut before its body. */
  drop?: number | undefined;
  /** Answer with this HTTP status (500 to 599) instead of a completion. */
  status?: number | undefined;
  /** Leave `usage` out: no usage frame in a stream, no field in an unstreamed answer. */
  noUsage?: boolean | undefined;
  /** Report this many times as many tokens as there were. */
  lie?: number | undefined;
  /** Send an event that is not JSON after this many content chunks; an unstreamed answer is not JSON at all. */
  garbage?: number | undefined;
}

/**
 * Reads the one notation used by the flag, the header `x-demo-fault` and the model suffix: `drop=3`, `status=503`,
 * `no-usage`, `lie=10`, `garbage=3`, several joined by commas.
 * @throws NodeError (400, `invalid_fault`)
 */
export function parseFaults(text: string): Faults {
  const faults: Faults = {};
  for (const part of text.split(",").filter(Boolean)) {
    const [name, value] = part.trim().split("=");
    const number = /^\d{1,6}$/.test(value ?? "") ? Number(value) : Number.NaN;
    if (name === "no-usage" && value === undefined) faults.noUsage = true;
    else if (name === "drop" && number >= 0) faults.drop = number;
    else if (name === "garbage" && number >= 0) faults.garbage = number;
    else if (name === "lie" && number >= 1) faults.lie = number;
    else if (name === "status" && number >= 500 && number <= 599) faults.status = number;
    else throw invalidFault(part);
  }
  return faults;
}

/** Splits `demo/small:drop=3,no-usage` into the model and its faults. */
export function splitModel(id: string): { id: string; faults: Faults } {
  const at = id.indexOf(":");
  if (at < 0) return { id, faults: {} };
  return { id: id.slice(0, at), faults: parseFaults(id.slice(at + 1)) };
}

function invalidFault(part: string): NodeError {
  return new NodeError({
    status: 400,
    code: "invalid_fault",
    message: `"${part}" is no fault. Use drop=<chunks>, garbage=<chunks>, status=<500 to 599>, lie=<times> or no-usage, joined by commas.`,
  });
}
