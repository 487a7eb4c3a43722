type Schema = { [name: string]: unknown };

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;

const MAX_DEPTH = 16;

/** The one value that a JSON Schema gets: as plain as the schema allows. */
export function sampleOf(schema: unknown, depth = 0): unknown {
  if (!isSchema(schema) || depth > MAX_DEPTH) return null;
  if ("const" in schema) return schema["const"];
  const [choice] = listOf(schema["enum"]);
  if (choice !== undefined) return choice;
  const [alternative] = [...listOf(schema["anyOf"]), ...listOf(schema["oneOf"])];
  if (alternative !== undefined) return sampleOf(alternative, depth + 1);
  const [type] = [schema["type"]].flat();
  if (type === "object") return sampleObject(schema["properties"], depth);
  if (type === "array") return [sampleOf(schema["items"], depth + 1)];
  return { string: "receipt", integer: 7, number: 7.5, boolean: true }[String(type)] ?? null;
}

const sampleObject = (properties: unknown, depth: number): object =>
  Object.fromEntries(
    Object.entries(isSchema(properties) ? properties : {}).map(([name, inner]) => [name, sampleOf(inner, depth + 1)]),
  );

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
