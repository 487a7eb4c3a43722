/** A deep copy that keeps classes. */
export function copy<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copy) as Value;
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, copy(each)])) as Value;
  if (value instanceof Set) return new Set(value) as Value;
  const blank = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  for (const [key, each] of Object.entries(value)) blank[key] = copy(each);
  return blank as Value;
}
