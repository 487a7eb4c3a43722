import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inEncoding } from "./embedding-encoding.ts";

const vectors = fc.array(fc.float({ noNaN: true }), { maxLength: 50 });

describe("inEncoding", () => {
  test("behavior: there and back is the same vector", () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        expect(inEncoding(inEncoding(vector, "base64"), "float")).toEqual(vector);
      }),
    );
  });

  test("behavior: what the official client decodes is what was encoded", () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const bytes = Uint8Array.from(Buffer.from(String(inEncoding(vector, "base64")), "base64"));
        expect([...new Float32Array(bytes.buffer)]).toEqual(vector);
      }),
    );
  });

  test.each([null, "AAAA", 7, ["a"], {}])("behavior: %j, which is no vector, stays as it is", (value) => {
    expect(inEncoding(value, "base64")).toEqual(value);
  });
});
