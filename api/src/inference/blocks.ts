import { isRecord } from "./read-fields.ts";

/** Of the tokens of a text, one after the other, in the words of the surface. */
type Logprobs = object[];

/** A run of one kind of writing: what OpenAI's Responses call an item, and Anthropic's Messages a block. */
export type Block = { index: number; text: string } & (
  | { kind: "reasoning" | "refusal" }
  | { kind: "text"; logprobs: Logprobs }
  | { kind: "call"; id: string; name: string }
);

/** What one message or delta does: begins a block, adds to the open one, ends it. */
export type Step =
  | { type: "begin"; block: Block }
  | { type: "add"; block: Block; text: string; logprobs: Logprobs }
  | { type: "end"; block: Block };

type Piece = { kind: "reasoning" | "text" | "refusal"; text: string } | ({ kind: "call" } & CallPiece);
type CallPiece = { call: number; id: string | null; name: string; text: string };

/** More than any answer has; every further one would cost the client's events and our memory. */
const MAX_BLOCKS = 1_000;

/**
 * Reads the messages and deltas of chat completions as a row of blocks, one after the other: another kind of writing, or
 * another call, ends the block before it. A whole answer and its chunks, cut anywhere, make the same blocks.
 */
export class BlockReader {
  readonly blocks: Block[] = [];
  readonly #requestId: string;
  readonly #callNumbers = new Set<number>();
  #open: Block | null = null;
  /** Of tokens whose text is yet to come: a character may take several. */
  readonly #early: Logprobs = [];
  /** The number of the last call that began. */
  #lastCall: number | null = null;

  constructor(requestId: string) {
    this.#requestId = requestId;
  }

  /** @throws Error when a node goes back to a call that another one has followed, or begins more than 1,000 blocks */
  read(message: unknown, logprobs: Logprobs = []): Step[] {
    const pieces = piecesOf(message);
    if (pieces.length === 0) append(this.#early, logprobs);
    return pieces.flatMap((piece) =>
      this.#step(piece, piece.kind === "text" ? [...this.#early.splice(0), ...logprobs] : []),
    );
  }

  /** Ends what is still open. */
  end(): Step[] {
    const block = this.#open;
    this.#open = null;
    if (block?.kind === "text") append(block.logprobs, this.#early.splice(0));
    return block ? [{ type: "end", block }] : [];
  }

  #step(piece: Piece, logprobs: Logprobs): Step[] {
    const steps: Step[] = [];
    let block = this.#open;
    if (!block || !this.#continues(block, piece)) {
      steps.push(...this.end());
      block = this.#begin(piece);
      steps.push({ type: "begin", block });
    }
    if (piece.text === "") return steps;
    block.text += piece.text;
    if (block.kind === "text") append(block.logprobs, logprobs);
    return [...steps, { type: "add", block, text: piece.text, logprobs }];
  }

  #continues(block: Block, piece: Piece): boolean {
    if (piece.kind !== "call" || block.kind !== "call") return piece.kind === block.kind;
    // Some nodes number every call 0: another id is another call.
    return this.#lastCall === piece.call && (piece.id === null || piece.id === block.id);
  }

  #begin(piece: Piece): Block {
    const index = this.blocks.length;
    if (index === MAX_BLOCKS) throw new Error(`the node's answer has more than ${MAX_BLOCKS} blocks`);
    if (piece.kind === "call" && piece.id === null && this.#callNumbers.has(piece.call)) {
      throw new Error("the node went back to a call that it had ended");
    }
    const block: Block =
      piece.kind === "call"
        ? { kind: "call", index, text: "", id: piece.id ?? `call_${this.#requestId}_${index}`, name: piece.name }
        : piece.kind === "text"
          ? { kind: "text", index, text: "", logprobs: [] }
          : { kind: piece.kind, index, text: "" };
    if (piece.kind === "call") {
      this.#callNumbers.add(piece.call);
      this.#lastCall = piece.call;
    }
    this.#open = block;
    this.blocks.push(block);
    return block;
  }
}

/** A call takes fewer arguments than a node may send. */
function append(to: Logprobs, logprobs: Logprobs): void {
  for (const logprob of logprobs) to.push(logprob);
}

function piecesOf(message: unknown): Piece[] {
  if (!isRecord(message)) return [];
  const texts = [
    { kind: "reasoning" as const, text: textOf(message["reasoning_content"] ?? message["reasoning"]) },
    { kind: "text" as const, text: textOf(message["content"]) },
    { kind: "refusal" as const, text: textOf(message["refusal"]) },
  ].filter(({ text }) => text !== "");
  const calls = Array.isArray(message["tool_calls"]) ? message["tool_calls"] : [];
  return [...texts, ...calls.filter(isRecord).map((call, at) => ({ kind: "call" as const, ...callPiece(call, at) }))];
}

function callPiece(call: Record<string, unknown>, at: number): CallPiece {
  const called = isRecord(call["function"]) ? call["function"] : {};
  const id = textOf(call["id"]);
  return {
    call: typeof call["index"] === "number" ? call["index"] : at,
    id: id === "" ? null : id,
    name: textOf(called["name"]),
    text: textOf(called["arguments"]),
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** The only choice of an answer or a chunk: neither API has several. */
export function firstChoice(answer: Record<string, unknown>): Record<string, unknown> {
  const choices = Array.isArray(answer["choices"]) ? answer["choices"] : [];
  return choices.find((choice) => isRecord(choice) && (choice["index"] ?? 0) === 0) ?? {};
}
