import { InvalidInputError } from "../../errors.ts";
import { isRecord } from "../read-fields.ts";
import { wantsLogprobs } from "./logprobs.ts";

type Fields = Record<string, unknown>;

/** What can't be had of a service that stores no conversation, and what to do instead. */
const REFUSED: Array<{ field: string; asked: (value: unknown) => boolean; instead: string }> = [
  { field: "store", asked: (value) => value === true, instead: "Responses are not stored. Leave store out." },
  { field: "previous_response_id", asked: isGiven, instead: "Responses are not stored. Send all of input again." },
  { field: "conversation", asked: isGiven, instead: "Conversations are not stored. Send all of input again." },
  { field: "prompt", asked: isGiven, instead: "Prompts are not stored. Send input and instructions." },
  { field: "background", asked: (value) => value === true, instead: "Nothing runs in the background. Stream instead." },
  {
    field: "truncation",
    asked: (value) => isGiven(value) && value !== "disabled",
    instead: "input is not shortened here. Send less.",
  },
];

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** @throws InvalidInputError naming the first field that is not supported */
export function refuseUnsupported(body: Fields): void {
  for (const { field, asked, instead } of REFUSED) {
    if (asked(body[field])) throw new InvalidInputError(`${field} is not supported. ${instead}`, field);
  }
}

/** Fields that chats have under another name, do not have, or that are made here. The others are the same in both. */
const OWN = new Set([
  "input",
  "instructions",
  "include",
  "max_completion_tokens",
  "max_output_tokens",
  "max_tokens",
  "max_tool_calls",
  "messages",
  "metadata",
  "n",
  "reasoning",
  "stream_options",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  ...REFUSED.map(({ field }) => field),
]);

/** Everything but the conversation, in a chat's words; fields that we don't know pass through. @throws InvalidInputError */
export function settingsOf(body: Fields): Fields {
  const shared = Object.fromEntries(Object.entries(body).filter(([name]) => !OWN.has(name)));
  const { text, reasoning, tools, tool_choice: choice, max_output_tokens: maxTokens, top_logprobs: top } = body;
  const format = isRecord(text) ? formatOf(text["format"]) : null;
  return {
    ...shared,
    ...(isGiven(maxTokens) ? { max_tokens: maxTokens } : {}),
    ...(isRecord(reasoning) && isGiven(reasoning["effort"]) ? { reasoning_effort: reasoning["effort"] } : {}),
    ...(isRecord(text) && isGiven(text["verbosity"]) ? { verbosity: text["verbosity"] } : {}),
    ...(format ? { response_format: format } : {}),
    ...(Array.isArray(tools) && tools.length > 0 ? { tools: tools.map(toolOf) } : {}),
    ...(isGiven(choice) ? { tool_choice: choiceOf(choice) } : {}),
    ...(wantsLogprobs(body) ? { logprobs: true, ...(isGiven(top) ? { top_logprobs: top } : {}) } : {}),
  };
}

function formatOf(format: unknown): Fields | null {
  if (!isGiven(format)) return null;
  const { type, ...schema } = isRecord(format) ? format : {};
  if (type === "text") return null;
  if (type === "json_object") return { type };
  if (type === "json_schema") return { type, json_schema: schema };
  throw new InvalidInputError("text.format.type has to be text, json_object or json_schema.", "text.format");
}

function toolOf(tool: unknown, at: number): Fields {
  const { type, name, description, parameters, strict } = isRecord(tool) ? tool : {};
  if (type !== "function" || typeof name !== "string") {
    throw new InvalidInputError(
      `tools[${at}] has to be a function with a name: nothing else is run here. Run other tools yourself.`,
      `tools[${at}]`,
    );
  }
  const given = Object.entries({ description, parameters, strict }).filter(([, value]) => isGiven(value));
  return { type, function: { name, ...Object.fromEntries(given) } };
}

function choiceOf(choice: unknown): unknown {
  if (typeof choice === "string") return choice;
  const { type, name } = isRecord(choice) ? choice : {};
  if (type === "function" && typeof name === "string") return { type, function: { name } };
  throw new InvalidInputError("tool_choice has to be none, auto, required or a function.", "tool_choice");
}
