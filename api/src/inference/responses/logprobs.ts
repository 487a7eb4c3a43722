import { isRecord } from "../read-fields.ts";

type Fields = Record<string, unknown>;
type Alternative = { token: string; logprob: number; bytes: number[] };

/** A token of a text, how likely it was, and what else might have stood there. */
export type Logprob = Alternative & { top_logprobs: Alternative[] };

const INCLUDED = "message.output_text.logprobs";
export const MAX_TOP_LOGPROBS = 20;
/** As much as a whole answer may be long: they are kept until a stream's closing events, which repeat them. */
const MAX_CHARACTERS = 16 * 1_048_576;

/** Whether a client wants them: OpenAI's Responses have them where `include` names them. */
export const wantsLogprobs = ({ include }: Fields): boolean => Array.isArray(include) && include.includes(INCLUDED);

/** Reads the log probabilities that come with the choices of one answer; none where nobody asked for them. */
export class LogprobReader {
  readonly #isWanted: boolean;
  #characters = 0;

  constructor(asked: Fields) {
    this.#isWanted = wantsLogprobs(asked);
  }

  /** Of a choice's text. @throws Error when the node sends more than anybody keeps */
  read({ logprobs }: Fields): Logprob[] {
    const content = this.#isWanted && isRecord(logprobs) ? logprobs["content"] : null;
    if (!Array.isArray(content)) return [];
    const read = content.flatMap((entry) => {
      const [first] = alternativesOf([entry]);
      return first ? [{ ...first, top_logprobs: alternativesOf(isRecord(entry) ? entry["top_logprobs"] : null) }] : [];
    });
    this.#characters += JSON.stringify(read).length;
    if (this.#characters > MAX_CHARACTERS) throw new Error("the node's log probabilities do not end");
    return read;
  }
}

/** Chats may leave out the bytes; Responses always have them. */
const alternativesOf = (list: unknown): Alternative[] =>
  (Array.isArray(list) ? list.slice(0, MAX_TOP_LOGPROBS) : [])
    .filter(isRecord)
    .flatMap(({ token, logprob, bytes }) =>
      typeof token === "string" && typeof logprob === "number"
        ? [{ token, logprob, bytes: isBytes(bytes) ? bytes : [...Buffer.from(token)] }]
        : [],
    );

const isBytes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
