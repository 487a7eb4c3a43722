import fc from "fast-check";

export type AnyMessage = {
  role: "assistant";
  reasoning_content?: string;
  content: string | null;
  refusal?: string;
  tool_calls?: Array<{ id: string; type: "function"; function: { name: string; arguments: string } }>;
};

const text = fc.string({ unit: "grapheme", maxLength: 30 });

/** What a model may write in answer to a chat. */
export const anyMessage: fc.Arbitrary<AnyMessage> = fc
  .record(
    {
      reasoning_content: text,
      content: fc.option(text),
      refusal: text,
      calls: fc.array(fc.tuple(fc.stringMatching(/^[a-z_]{1,12}$/), fc.json({ maxDepth: 2 })), { maxLength: 3 }),
    },
    { requiredKeys: ["content"] },
  )
  .map(({ calls = [], ...message }) => ({
    role: "assistant",
    ...message,
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map(([name, args], index) => ({
            id: `call_${index}`,
            type: "function",
            function: { name, arguments: args },
          })),
        }),
  }));

/** The deltas of a stream that carries a message: every text is cut where it may be, in the order of writing. */
export function cutAnywhere(message: AnyMessage): fc.Arbitrary<Array<Record<string, unknown>>> {
  const { reasoning_content: reasoning = "", content, refusal = "", tool_calls: calls = [] } = message;
  const parts = fc.tuple(
    pieces(reasoning).map((list) => list.map((piece) => ({ reasoning_content: piece }))),
    pieces(content ?? "").map((list) => list.map((piece) => ({ content: piece }))),
    pieces(refusal).map((list) => list.map((piece) => ({ refusal: piece }))),
    fc.tuple(
      ...calls.map((call, index) => pieces(call.function.arguments).map((list) => callDeltas(call, index, list))),
    ),
  );
  return parts.map(([first, second, third, called]) => [
    { role: "assistant", content: "" },
    ...first,
    ...second,
    ...third,
    ...called.flat(),
    {},
  ]);
}

function callDeltas(
  call: { id: string; function: { name: string } },
  index: number,
  list: string[],
): Array<Record<string, unknown>> {
  const opening = { index, id: call.id, type: "function", function: { name: call.function.name, arguments: "" } };
  return [
    { tool_calls: [opening] },
    ...list.map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
  ];
}

const pieces = (whole: string): fc.Arbitrary<string[]> =>
  fc
    .array(fc.nat({ max: whole.length }), { maxLength: 5 })
    .map((cuts) => [0, ...cuts.toSorted((a, b) => a - b), whole.length])
    .map((at) => at.slice(1).map((end, n) => whole.slice(at[n], end)));
