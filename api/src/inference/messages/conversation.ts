import { InvalidInputError } from "../../errors.ts";
import { isRecord } from "../read-fields.ts";

type Fields = Record<string, unknown>;

/** A conversation as Anthropic's Messages have it, as the messages of a chat. @throws InvalidInputError naming the block */
export function messagesOfConversation(messages: unknown, system: unknown): Fields[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new InvalidInputError("messages has to be a list of messages.", "messages");
  }
  const first = system == null ? [] : [{ role: "system", content: textOf(system, "system") }];
  return [...first, ...messages.flatMap((message, at) => messagesOf(message, `messages.${at}`))];
}

function messagesOf(message: unknown, param: string): Fields[] {
  const { role, content } = isRecord(message) ? message : {};
  if (role === "system") return [{ role, content: textOf(content, `${param}.content`) }];
  if (role !== "user" && role !== "assistant") {
    throw new InvalidInputError(`${param}.role has to be user or assistant.`, `${param}.role`);
  }
  if (typeof content === "string") return [{ role, content }];
  const blocks = blocksOf(content, `${param}.content`);
  return role === "user" ? userMessages(blocks) : [assistantMessage(blocks)];
}

/** A block, with the name under which an error speaks of it. */
type Named = { block: Fields; param: string };

function blocksOf(content: unknown, param: string): Named[] {
  if (!Array.isArray(content) || !content.every(isRecord)) {
    throw new InvalidInputError(`${param} has to be a text or a list of blocks.`, param);
  }
  return content.map((block, at) => ({ block, param: `${param}.${at}` }));
}

/** Results of tools are messages of their own in a chat; they answer the calls right before them. */
function userMessages(blocks: Named[]): Fields[] {
  const isResult = ({ block }: Named) => block["type"] === "tool_result";
  const results = blocks.filter(isResult).map(toolMessage);
  const said = blocks.filter((named) => !isResult(named)).flatMap(partsOf);
  return said.length === 0 ? results : [...results, { role: "user", content: said }];
}

function toolMessage({ block, param }: Named): Fields {
  const { tool_use_id: id, content = "" } = block;
  if (typeof id !== "string") {
    throw new InvalidInputError(`${param}.tool_use_id has to be a text.`, `${param}.tool_use_id`);
  }
  const parts = typeof content === "string" ? content : blocksOf(content, `${param}.content`).flatMap(partsOf);
  return { role: "tool", tool_call_id: id, content: parts };
}

function partsOf({ block, param }: Named): Fields[] {
  if (block["type"] === "text" && typeof block["text"] === "string") return [{ type: "text", text: block["text"] }];
  const source = isRecord(block["source"]) ? block["source"] : {};
  if (block["type"] === "image") return [imageOf(source, param)];
  if (block["type"] === "document") return documentOf(block, source, param);
  throw unsupported(param);
}

function imageOf(source: Fields, param: string): Fields {
  const { type, url, data, media_type: mediaType } = source;
  if (type === "url" && typeof url === "string") return { type: "image_url", image_url: { url } };
  if (type === "base64" && typeof data === "string" && typeof mediaType === "string") {
    return { type: "image_url", image_url: { url: `data:${mediaType};base64,${data}` } };
  }
  throw unsupported(param);
}

function documentOf({ title }: Fields, source: Fields, param: string): Fields[] {
  const { type, data, content, media_type: mediaType } = source;
  const name = typeof title === "string" ? title : null;
  if (type === "text" && typeof data === "string") {
    return [{ type: "text", text: name === null ? data : `${name}\n\n${data}` }];
  }
  if (type === "content") {
    return typeof content === "string"
      ? [{ type: "text", text: content }]
      : blocksOf(content, `${param}.source.content`).flatMap(partsOf);
  }
  if (type === "base64" && typeof data === "string" && typeof mediaType === "string") {
    const filename = name ?? "document.pdf";
    return [{ type: "file", file: { filename, file_data: `data:${mediaType};base64,${data}` } }];
  }
  throw unsupported(param);
}

/** What the assistant said earlier; thinking that was hidden can't be shown to another model. */
function assistantMessage(blocks: Named[]): Fields {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const calls: Fields[] = [];
  for (const { block, param } of blocks) {
    const { type, text, thinking, id, name, input } = block;
    if (type === "text" && typeof text === "string") texts.push(text);
    else if (type === "thinking" && typeof thinking === "string") thoughts.push(thinking);
    else if (type === "tool_use" && typeof id === "string" && typeof name === "string") {
      calls.push({ id, type: "function", function: { name, arguments: JSON.stringify(input ?? {}) } });
    } else if (type !== "redacted_thinking") throw unsupported(param);
  }
  return {
    role: "assistant",
    content: texts.length === 0 && calls.length > 0 ? null : texts.join(""),
    ...(thoughts.length > 0 ? { reasoning_content: thoughts.join("") } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function textOf(content: unknown, param: string): string {
  if (typeof content === "string") return content;
  return blocksOf(content, param)
    .map(({ block, param: name }) => {
      if (block["type"] === "text" && typeof block["text"] === "string") return block["text"];
      throw unsupported(name);
    })
    .join("\n\n");
}

const unsupported = (param: string): InvalidInputError =>
  new InvalidInputError(
    `${param} is not supported. Send text, image, document, tool_use, tool_result and thinking blocks with their content: files are not stored here.`,
    param,
  );
