import fc from "fast-check";

/** The part of JSON Schema that the OpenAPI document uses. */
export type Schema = {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
};

const MAX_ITEMS = 4;
const MAX_LENGTH = 80;

/** Values that a schema allows. */
export function valid(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valid));
  switch (schema.type) {
    case "object":
      return validObject(schema);
    case "array":
      return fc.array(valid(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? MAX_ITEMS, MAX_ITEMS)),
      });
    case "string":
      return validText(schema);
    case "integer":
    case "number":
      return validNumber(schema);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function validObject({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valid(schema)]));
  return fc.record(fields, { requiredKeys: required, noNullPrototype: true });
}

function validText({ pattern, format, minLength = 0, maxLength = MAX_LENGTH }: Schema): fc.Arbitrary<string> {
  if (format === "date-time") return fc.date({ noInvalidDate: true, max: new Date(4e12) }).map((d) => d.toISOString());
  if (pattern !== undefined) {
    return fc
      .stringMatching(new RegExp(pattern))
      .filter((text) => text.length >= minLength && text.length <= maxLength);
  }
  return fc.string({ minLength, maxLength: Math.min(maxLength, MAX_LENGTH), unit: "grapheme" });
}

function validNumber({ minimum = -1_000, maximum = 1_000_000, multipleOf = 1 }: Schema): fc.Arbitrary<number> {
  const [min, max] = [Math.ceil(minimum / multipleOf), Math.floor(maximum / multipleOf)];
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)).map((n) => n * multipleOf);
}

/** What people, programs and attackers send instead. */
const nasty: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, "", 0, -1, 0.5, 1e308, 2 ** 53, true, [], {}, "null", "0", "-0", "1e3", "NaN"),
  fc.constantFrom<unknown>(
    "\u0000",
    "a\u0000b",
    "\ud800",
    "../../etc",
    "' or 1=1 --",
    "%00",
    "\u202e",
    "x".repeat(5_000),
  ),
  fc.constantFrom<unknown>([null], [[]], { length: -1 }, { toString: 1 }, Array(300).fill(0), "9999-12-31T23:59:60Z"),
  fc.jsonValue({ maxDepth: 2 }),
);

type Mutation = { at: number; how: "replace" | "remove" | "wrap" | "add"; value: unknown; name: string };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(1_000),
  how: fc.constantFrom("replace", "replace", "remove", "wrap", "add"),
  value: nasty,
  name: fc.oneof(fc.constantFrom("__proto__", "constructor", "id", "accountId", "amount"), fc.string({ maxLength: 8 })),
});

/** Values that a schema allows, and such with one or two places changed. */
export function almostValid(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const mutations = fc.oneof(fc.constant([]), fc.array(mutation, { minLength: 1, maxLength: 2 }));
  return fc.tuple(values, mutations).map(([value, changes]) => changes.reduce(mutate, structuredClone(value)));
}

type Place = { holder: Record<string, unknown>; name: string };

function mutate(value: unknown, { at, how, value: nastyValue, name }: Mutation): unknown {
  // Generated values are shared between requests: the next change must not reach into them.
  const other = structuredClone(nastyValue);
  const root: Place = { holder: { root: value }, name: "root" };
  const places = placesIn(root);
  const { holder, name: here } = places[at % places.length] ?? root;
  const old = holder[here];
  if (how === "remove") delete holder[here];
  else if (how === "wrap") holder[here] = [old];
  else if (how === "add" && Array.isArray(old)) old.push(other);
  else if (how === "add" && typeof old === "object" && old !== null) {
    Object.defineProperty(old, name, { value: other, enumerable: true, configurable: true, writable: true });
  } else holder[here] = other;
  return root.holder["root"];
}

function placesIn(place: Place): Place[] {
  const value = place.holder[place.name];
  if (typeof value !== "object" || value === null) return [place];
  const holder = value as Record<string, unknown>;
  return [place, ...Object.keys(holder).flatMap((name) => placesIn({ holder, name }))];
}
