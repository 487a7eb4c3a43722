/** A place in a source, and what stands there in the mutant. */
export interface Mutant {
  file: string;
  line: number;
  start: number;
  end: number;
  from: string;
  to: string;
  /** The line as it is without the mutation. */
  code: string;
}

type Place = Pick<Mutant, "start" | "end" | "to">;

/** What each operator becomes; the first match at a place counts, so longer ones come first. */
const OPERATORS: readonly [string, string][] = [
  [" == ", " != "],
  [" != ", " == "],
  [" >= ", " > "],
  [" <= ", " < "],
  [" << ", " >> "],
  [" >> ", " << "],
  [" += ", " -= "],
  [" -= ", " += "],
  [" < ", " <= "],
  [" > ", " >= "],
  [" + ", " - "],
  [" - ", " + "],
  [" * ", " / "],
  [" / ", " * "],
  [" % ", " * "],
  [" && ", " || "],
  [" || ", " && "],
  ["++", "--"],
];

/** Comments and strings by blanks, so that places stay what they are. */
function withoutComments(source: string): string {
  return source.replaceAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"[^"\n]*"/g, (text) => text.replaceAll(/[^\n]/g, " "));
}

/** Where the parenthesis that opens at `open` closes. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let index = open; index < code.length; index += 1) {
    if (code[index] === "(") depth += 1;
    if (code[index] === ")") depth -= 1;
    if (depth === 0) return index;
  }
  return code.length;
}

/** Each `if (…) revert` and `if (…) { revert` by a condition that never holds. */
function guards(code: string): Place[] {
  return [...code.matchAll(/\bif \(/g)].flatMap(({ index }) => {
    const [start, end] = [index + 4, closing(code, index + 3)];
    return /^\)\s*\{?\s*revert\b/.test(code.slice(end)) ? [{ start, end, to: "false" }] : [];
  });
}

/** Each call of a check: `_requireOwner(…);` and its like, where nothing is made of what it returns. */
function checks(code: string): Place[] {
  return [...code.matchAll(/(?<=[;{}]\s+)_require\w+\(/g)].map(({ index }) => {
    const end = closing(code, code.indexOf("(", index)) + 2;
    return { start: index, end, to: "" };
  });
}

function operators(code: string): Place[] {
  const found: Place[] = [];
  for (let index = 0; index < code.length; index += 1) {
    const match = OPERATORS.find(([from]) => code.startsWith(from, index));
    if (!match) continue;
    found.push({ start: index, end: index + match[0].length, to: match[1] });
    index += match[0].length - 2;
  }
  return found;
}

export function mutantsOf(file: string, source: string): Mutant[] {
  const code = withoutComments(source);
  const body = code.indexOf("{", code.search(/^(abstract contract|contract|library)\b/m));
  return [...guards(code), ...checks(code), ...operators(code)]
    .filter(
      ({ start }) => start > body && !/^\s*(uint256|bytes32) (private|internal) constant/.test(lineAt(code, start)),
    )
    .map(({ start, end, to }) => {
      const line = source.slice(0, start).split("\n").length;
      return { file, line, start, end, from: source.slice(start, end), to, code: lineAt(source, start).trim() };
    });
}

function lineAt(code: string, index: number): string {
  const start = code.lastIndexOf("\n", index) + 1;
  return code.slice(start, code.indexOf("\n", index));
}
