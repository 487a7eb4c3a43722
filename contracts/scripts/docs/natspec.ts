import { compileDocs, type Documented } from "./compile-docs.ts";

const INTERFACES = {
  "contracts/src/interfaces/ICreditEscrow.sol": ["ICreditEscrow"],
  "contracts/src/interfaces/IEAS.sol": ["IEAS"],
  "contracts/src/interfaces/IEscrowSuccessor.sol": ["IEscrowSuccessor"],
  "contracts/src/interfaces/IPayoutPolicy.sol": ["IPayoutPolicy"],
  "contracts/src/interfaces/IUSDC.sol": ["IUSDC"],
};
/** What `IUSDC` inherits is OpenZeppelin's to document. */
const FOREIGN = { "@openzeppelin/contracts/token/ERC20/IERC20.sol": ["IERC20"] };

/** What has no text: one line each, empty if NatSpec is complete. */
export function findGaps(entries: readonly Documented[]): string[] {
  return entries.flatMap((entry) => {
    const { contract, type, signature, inputs, outputs, params, returns } = entry;
    const at = `${contract}: ${type} ${signature}`;
    if (type !== "function") return entry.notice ? [] : [`${at} has no @notice`];
    const unnamed = inputs.filter(({ name }) => !name || !params[name]);
    const gaps = unnamed.map(({ name }) => `${at} has no @param ${name ?? "(unnamed)"}`);
    if (Object.keys(returns).length < outputs.length) gaps.push(`${at} lacks a @return`);
    if (!entry.notice && !saidByReturn(entry)) gaps.push(`${at} has no @notice`);
    return gaps;
  });
}

/** A question whose answer is described needs no other text. */
const saidByReturn = ({ stateMutability, outputs, returns }: Documented): boolean =>
  stateMutability === "view" && outputs.length > 0 && Object.keys(returns).length === outputs.length;

/** Gaps in the interfaces of `contracts/src`. */
export function findInterfaceGaps(): string[] {
  const foreign = new Set(compileDocs(FOREIGN).map(({ signature }) => signature));
  return findGaps(compileDocs(INTERFACES).filter(({ signature }) => !foreign.has(signature)));
}
