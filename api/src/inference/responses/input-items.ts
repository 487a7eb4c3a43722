import { InvalidInputError } from "../../errors.ts";
import { isRecord } from "../read-fields.ts";

type Item = Record<string, unknown>;
type Message = Record<string, unknown>;

const ROLES = ["user", "assistant", "system", "developer"];

/** A conversation as OpenAI's Responses have it, as the messages of a chat. @throws InvalidInputError naming the item */
export function messagesOfInput(input: unknown, instructions: unknown): Message[] {
  const messages: Message[] = instructions == null ? [] : [{ role: "system", content: instructionsOf(instructions) }];
  if (typeof input === "string") return [...messages, { role: "user", content: input }];
  if (!Array.isArray(input) || input.length === 0) {
    throw new InvalidInputError("input has to be a text or a list of items.", "input");
  }
  for (const [at, item] of input.entries()) addItem(messages, item, `input[${at}]`);
  return messages;
}

function instructionsOf(instructions: unknown): string {
  if (typeof instructions === "string") return instructions;
  throw new InvalidInputError("instructions has to be a text.", "instructions");
}

function addItem(messages: Message[], item: unknown, param: string): void {
  if (!isRecord(item)) throw new InvalidInputError(`${param} has to be an object.`, param);
  const type = item["type"] ?? "message";
  if (type === "message") addMessage(messages, item, param);
  else if (type === "reasoning") addReasoning(messages, item);
  else if (type === "function_call") addCall(messages, item, param);
  else if (type === "function_call_output") messages.push(toolMessage(item, param));
  else {
    throw new InvalidInputError(
      `${param}.type ${JSON.stringify(type)} is not supported. Send messages, reasoning, function_call and function_call_output: nothing is stored that could be referred to.`,
      `${param}.type`,
    );
  }
}

function addMessage(messages: Message[], { role, content }: Item, param: string): void {
  if (typeof role !== "string" || !ROLES.includes(role)) {
    throw new InvalidInputError(`${param}.role has to be one of ${ROLES.join(", ")}.`, `${param}.role`);
  }
  if (role !== "assistant") messages.push({ role, content: contentOf(content, `${param}.content`) });
  else Object.assign(turn(messages, "content"), assistantContent(content, `${param}.content`));
}

/** The assistant's message that an item belongs to: the last one, unless it has such a part already. */
function turn(messages: Message[], part: string): Message {
  const last = messages.at(-1);
  if (last?.["role"] === "assistant" && last[part] == null && (part === "tool_calls" || last["tool_calls"] == null))
    return last;
  const begun = { role: "assistant", content: null };
  messages.push(begun);
  return begun;
}

function addReasoning(messages: Message[], { content }: Item): void {
  const text = (Array.isArray(content) ? content : [])
    .map((part) => (isRecord(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .join("");
  if (text !== "") turn(messages, "reasoning_content")["reasoning_content"] = text;
}

function addCall(messages: Message[], item: Item, param: string): void {
  const [id, name, args] = ["call_id", "name", "arguments"].map((field) => requiredText(item, field, param));
  const call = { id, type: "function", function: { name, arguments: args } };
  const last = messages.at(-1);
  if (last?.["role"] === "assistant" && Array.isArray(last["tool_calls"])) last["tool_calls"].push(call);
  else turn(messages, "tool_calls")["tool_calls"] = [call];
}

function toolMessage(item: Item, param: string): Message {
  const content = contentOf(item["output"], `${param}.output`);
  return { role: "tool", tool_call_id: requiredText(item, "call_id", param), content };
}

function requiredText(item: Item, field: string, param: string): string {
  const value = item[field];
  if (typeof value === "string") return value;
  throw new InvalidInputError(`${param}.${field} has to be a text.`, `${param}.${field}`);
}

function contentOf(content: unknown, param: string): string | Item[] {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new InvalidInputError(`${param} has to be a text or a list of parts.`, param);
  return content.map((part, at) => partOf(part, `${param}[${at}]`));
}

function partOf(part: unknown, param: string): Item {
  const { type, ...rest } = isRecord(part) ? part : {};
  if ((type === "input_text" || type === "output_text") && typeof rest["text"] === "string") {
    return { type: "text", text: rest["text"] };
  }
  if (type === "input_image" && typeof rest["image_url"] === "string") {
    const detail = rest["detail"] == null ? {} : { detail: rest["detail"] };
    return { type: "image_url", image_url: { url: rest["image_url"], ...detail } };
  }
  if (type === "input_file" && typeof rest["file_data"] === "string") {
    const filename = rest["filename"] == null ? {} : { filename: rest["filename"] };
    return { type: "file", file: { file_data: rest["file_data"], ...filename } };
  }
  if (type === "input_audio" && isRecord(rest["input_audio"])) return { type, input_audio: rest["input_audio"] };
  throw new InvalidInputError(
    `${param} is not supported. Send input_text, input_image with an image_url, input_file with file_data, or input_audio: files are not stored here.`,
    param,
  );
}

/** What the assistant said earlier: nodes know it as one text, or a refusal. */
function assistantContent(content: unknown, param: string): Message {
  if (typeof content === "string") return { content };
  if (!Array.isArray(content)) throw new InvalidInputError(`${param} has to be a text or a list of parts.`, param);
  const refusals = content.filter(isRefusal);
  const texts = content.filter((part) => !isRefusal(part)).map((part, at) => textPart(part, `${param}[${at}]`));
  const refusal = refusals.map(({ refusal: text }) => (typeof text === "string" ? text : "")).join("");
  return { content: texts.join(""), ...(refusals.length > 0 ? { refusal } : {}) };
}

const isRefusal = (part: unknown): part is Item => isRecord(part) && part["type"] === "refusal";

function textPart(part: unknown, param: string): string {
  if (isRecord(part) && typeof part["text"] === "string") return part["text"];
  throw new InvalidInputError(`${param} has to be an output_text or a refusal.`, param);
}
