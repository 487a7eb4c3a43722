import { InvalidInputError } from "../../errors.ts";
import { isRecord } from "../read-fields.ts";

type Fields = Record<string, unknown>;

/** Fields that chats have under another name, do not have, or that are made here. The others are the same in both. */
const OWN = new Set([
  "cache_control",
  "container",
  "context_management",
  "diagnostics",
  "inference_geo",
  "max_completion_tokens",
  "max_tokens",
  "mcp_servers",
  "messages",
  "metadata",
  "n",
  "output_config",
  "service_tier",
  "speed",
  "stop_sequences",
  "system",
  "thinking",
  "tool_choice",
  "tools",
]);
const REFUSED = ["container", "context_management", "mcp_servers"];

/** Everything but the conversation, in a chat's words; fields that we don't know pass through. @throws InvalidInputError */
export function settingsOf(body: Fields): Fields {
  for (const field of REFUSED) {
    if (body[field] != null) throw new InvalidInputError(`${field} is not supported. Leave it out.`, field);
  }
  const shared = Object.fromEntries(Object.entries(body).filter(([name]) => !OWN.has(name)));
  const { stop_sequences: stop, metadata, output_config: output, tools } = body;
  const { effort, format } = isRecord(output) ? output : {};
  return {
    ...shared,
    max_tokens: body["max_tokens"],
    ...(Array.isArray(stop) && stop.length > 0 ? { stop } : {}),
    ...(isRecord(metadata) && typeof metadata["user_id"] === "string" ? { user: metadata["user_id"] } : {}),
    ...(typeof effort === "string" ? { reasoning_effort: EFFORTS[effort] ?? effort } : {}),
    ...(isRecord(format) ? { response_format: formatOf(format) } : {}),
    ...(Array.isArray(tools) && tools.length > 0 ? { tools: tools.map(toolOf), ...choiceOf(body["tool_choice"]) } : {}),
  };
}

/** OpenAI's scale ends earlier. */
const EFFORTS: Record<string, string> = { xhigh: "high", max: "high" };

function formatOf({ type, schema }: Fields): Fields {
  if (type === "json_schema") return { type, json_schema: { name: "output", schema, strict: true } };
  throw new InvalidInputError("output_config.format.type has to be json_schema.", "output_config.format");
}

function toolOf(tool: unknown, at: number): Fields {
  const { type, name, description, input_schema: parameters, strict } = isRecord(tool) ? tool : {};
  if ((type != null && type !== "custom") || typeof name !== "string") {
    throw new InvalidInputError(
      `tools.${at} has to be a tool of your own, with name and input_schema: nothing is run here.`,
      `tools.${at}`,
    );
  }
  const given = Object.entries({ description, parameters, strict }).filter(([, value]) => value != null);
  return { type: "function", function: { name, ...Object.fromEntries(given) } };
}

function choiceOf(choice: unknown): Fields {
  if (choice == null) return {};
  const { type, name, disable_parallel_tool_use: isSerial } = isRecord(choice) ? choice : {};
  const parallel = isSerial === true ? { parallel_tool_calls: false } : {};
  if (type === "auto" || type === "none") return { tool_choice: type, ...parallel };
  if (type === "any") return { tool_choice: "required", ...parallel };
  if (type === "tool" && typeof name === "string") {
    return { tool_choice: { type: "function", function: { name } }, ...parallel };
  }
  throw new InvalidInputError("tool_choice has to be auto, any, none or a tool with its name.", "tool_choice");
}
