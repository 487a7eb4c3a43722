import { type Abi, concatHex, encodeAbiParameters, encodeEventTopics, type Hex, numberToHex, size } from "viem";
import { rpc } from "../scripts/anvil.ts";

/** An event to be emitted: its arguments by name, as viem takes them. */
export interface EmittedEvent {
  eventName: string;
  args: Record<string, unknown>;
}

/** Makes an address emit whatever it is called with: events of every kind, and many in a block, without their causes. */
export async function placeEmitter(rpcUrl: string, address: Hex): Promise<void> {
  await rpc(rpcUrl, "anvil_setCode", [address, emitterCode()]);
}

/** Calldata on which the emitter emits these events: for each the number of topics, the length of its data, both. */
export function emitCall(abi: Abi, events: EmittedEvent[]): Hex {
  return concatHex(
    events.map(({ eventName, args }) => {
      const event = abi.find((entry) => entry.type === "event" && entry.name === eventName);
      if (event?.type !== "event") throw new Error(`no event ${eventName}`);
      const inData = event.inputs.filter((input) => !input.indexed);
      const data = encodeAbiParameters(
        inData,
        inData.map(({ name }) => args[name ?? ""]),
      );
      const topics = encodeEventTopics({ abi: [event], args }) as Hex[];
      return concatHex([word(topics.length), word(size(data)), ...topics, data]);
    }),
  );
}

const word = (value: number): Hex => numberToHex(value, { size: 32 });

/** EVM code: a loop over the calldata, with a block for one to four topics. Stack at its head: the position. */
function emitterCode(): Hex {
  const code: number[] = [0x60, 0x00];
  const [loop, jumps] = [code.length, [] as Array<{ at: number; to: string }>];
  const labels: Record<string, number> = {};
  const jump = (to: string, op: number) => {
    jumps.push({ at: code.length + 1, to });
    code.push(0x61, 0, 0, op);
  };
  // position < calldatasize, or stop
  code.push(0x5b, 0x36, 0x81, 0x10, 0x15);
  jump("end", 0x57);
  // topics n = calldata[p], length l = calldata[p + 32], topics at t = p + 64, data at d = t + 32 n
  code.push(0x80, 0x35, 0x81, 0x60, 32, 0x01, 0x35, 0x82, 0x60, 64, 0x01, 0x82, 0x60, 5, 0x1b, 0x81, 0x01);
  // memory[0..l] = calldata[d..]; the next position is d + l
  code.push(0x82, 0x81, 0x60, 0, 0x37, 0x82, 0x01, 0x93, 0x50);
  for (const n of [1, 2, 3, 4]) {
    code.push(0x82, 0x60, n, 0x14);
    jump(`log${n}`, 0x57);
  }
  for (const n of [1, 2, 3, 4]) {
    labels[`log${n}`] = code.length;
    code.push(0x5b);
    for (let i = 0; i < n; i++) code.push(0x80 + i, 0x60, 32 * (n - 1 - i), 0x01, 0x35);
    code.push(0x81 + n, 0x60, 0, 0xa0 + n, 0x50, 0x50, 0x50, 0x61, 0, loop, 0x56);
  }
  labels["end"] = code.length;
  code.push(0x5b, 0x00);
  for (const { at, to } of jumps) {
    const target = labels[to] ?? 0;
    [code[at], code[at + 1]] = [target >> 8, target & 0xff];
  }
  return `0x${Buffer.from(code).toString("hex")}`;
}
