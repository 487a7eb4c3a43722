export type SentEvent = { type: string } & Record<string, unknown>;

/** The events of a named stream, in order; each is named as its data says. */
export function eventsOf(stream: string): SentEvent[] {
  return stream
    .split("\n\n")
    .filter((frame) => frame !== "" && !frame.startsWith(":"))
    .map((frame) => {
      const [name, data] = frame.split("\n");
      const event = JSON.parse(data?.slice("data: ".length) ?? "") as SentEvent;
      if (name !== `event: ${event.type}`) throw new Error(`${name} carries ${event.type}`);
      return event;
    });
}
