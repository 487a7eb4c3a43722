import { createServer, type Server } from "node:net";
import { describe, expect, test } from "vitest";
import { choosePorts, isFree } from "./ports.ts";

function listen(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, host, () => resolve({ server, port: (server.address() as { port: number }).port }));
  });
}

describe("choosePorts", () => {
  test("default: a free port is taken as it is", async () => {
    const { server, port } = await listen("127.0.0.1");
    server.close();
    expect(await choosePorts({ web: port })).toEqual({ ports: { web: port }, notes: [] });
  });

  test.each(["127.0.0.1", "0.0.0.0"])("behavior: one that is busy on %s is replaced, and it is said", async (host) => {
    const { server, port } = await listen(host);
    const { ports, notes } = await choosePorts({ web: port, api: port + 1 });
    expect(ports.web).toBeGreaterThan(port);
    expect(ports.web).not.toBe(ports.api);
    expect(await isFree(ports.web)).toBe(true);
    expect(notes[0]).toBe(`Port ${port} is busy: web takes ${ports.web}.`);
    server.close();
  });
});
