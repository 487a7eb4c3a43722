/** The runs of this process whose holds are open: what a shutdown has to end before the ledger may be closed. */
export class OpenRuns {
  readonly #stopping = new AbortController();
  readonly #open = new Set<string>();
  #waiting: Array<() => void> = [];

  /** Aborts when the client leaves, or the process has to stop. */
  signal(client: AbortSignal): AbortSignal {
    return AbortSignal.any([client, this.#stopping.signal]);
  }

  begin(requestId: string): void {
    this.#open.add(requestId);
  }

  end(requestId: string): void {
    this.#open.delete(requestId);
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Breaks off what is running. Resolves when all of it is billed or released. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the server stops"));
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
