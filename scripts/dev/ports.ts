import { createServer } from "node:net";

/** Listens for a moment, on every address: a server that is bound to one of them is in the way. */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ["127.0.0.1", "::1", undefined]) if (!(await canListen(port, host))) return false;
  return true;
}

function canListen(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // A machine without IPv6 has nobody on ::1.
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRNOTAVAIL"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export interface ChosenPorts<Name extends string> {
  ports: Record<Name, number>;
  /** One sentence for each port that could not be had. */
  notes: string[];
}

/** The wanted ports, a busy one replaced by the next free one above it. */
export async function choosePorts<Name extends string>(wanted: Record<Name, number>): Promise<ChosenPorts<Name>> {
  const ports: Partial<Record<Name, number>> = {};
  const notes: string[] = [];
  const taken = new Set<number>(Object.values(wanted));
  for (const [name, port] of Object.entries(wanted) as [Name, number][]) {
    ports[name] = port;
    if (await isFree(port)) continue;
    const instead = await nextFree(port, taken);
    taken.add(instead);
    ports[name] = instead;
    notes.push(`Port ${port} is busy: ${name} takes ${instead}.`);
  }
  return { ports: ports as Record<Name, number>, notes };
}

class NoFreePortError extends Error {
  readonly code = "no_free_port";

  constructor(above: number) {
    super(`No port from ${above} to ${above + 999} is free. Stop what holds them.`);
    this.name = "NoFreePortError";
  }
}

async function nextFree(above: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = above + 1; port < Math.min(above + 1_000, 65_536); port += 1) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new NoFreePortError(above + 1);
}
