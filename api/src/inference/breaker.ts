const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Keeps requests away from a node that fails: after five failures in a row it opens, and after a pause lets one request
 * through to see. If that succeeds it closes, if not the pause doubles, up to five minutes.
 */
export class Breaker {
  #failures = 0;
  #openUntil: number | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #probing = false;

  /** Open: nothing but a single probe goes through. */
  get isOpen(): boolean {
    return this.#openUntil !== null;
  }

  /** Whether a request would be let through now. */
  isPassable(now: number): boolean {
    return this.#openUntil === null || (now >= this.#openUntil && !this.#probing);
  }

  /** Asks to go through; whoever may has to report how it ended. */
  admit(now: number): boolean {
    if (this.#openUntil === null) return true;
    if (!this.isPassable(now)) return false;
    this.#probing = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = null;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#probing = false;
  }

  failed(now: number): void {
    this.#failures += 1;
    if (this.#openUntil === null ? this.#failures < FAILURES_TO_OPEN : !this.#probing) return;
    if (this.#openUntil !== null) this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    this.#openUntil = now + this.#pauseMs;
    this.#probing = false;
  }

  /** It ended and says nothing of the node: somebody else may probe. */
  undecided(): void {
    this.#probing = false;
  }
}
