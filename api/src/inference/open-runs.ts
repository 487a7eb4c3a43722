/** The runs of this process whose holds are open: what a shutdown has to end before the ledger may be closed. */
export class OpenRuns {
  readonly #open = new Map<string, AbortController>();
  #stopped = false;
  #waiting: Array<() => void> = [];

  /** From here on a hold may be open. `leaving` is aborted when the process has to stop. */
  begin(requestId: string, leaving: AbortController): void {
    this.#open.set(requestId, leaving);
    if (this.#stopped) leaving.abort(STOPS);
  }

  end(requestId: string): void {
    this.#open.delete(requestId);
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Breaks off what is running. Resolves when all of it is billed or released. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const leaving of this.#open.values()) leaving.abort(STOPS);
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const STOPS = new Error("the server stops");
