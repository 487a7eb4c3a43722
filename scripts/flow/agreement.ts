/** Prints evidence step by step and remembers whether all amounts agreed. */
export class Agreement {
  readonly #say: (line: string) => void;
  #steps = 0;
  #checks = 0;
  #failures = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  step(title: string): void {
    this.#steps += 1;
    this.#say(`\n${this.#steps}. ${title}`);
  }

  note(text: string): void {
    this.#say(`   ${text}`);
  }

  table(rows: Array<[string, string]>): void {
    const width = Math.max(...rows.map(([name]) => name.length));
    const amounts = Math.max(...rows.map(([, amount]) => amount.length));
    for (const [name, amount] of rows) this.note(`${name.padEnd(width)}  ${amount.padStart(amounts)}`);
  }

  /** Both have to be the same, to the last unit. */
  equal(what: string, found: bigint, expected: bigint): void {
    this.#check(
      found === expected,
      found === expected ? `${what}: ${found}` : `${what}: ${found}, expected ${expected}`,
    );
  }

  atLeast(what: string, found: bigint, least: bigint): void {
    this.#check(found >= least, `${what}: ${found} ≥ ${least}`);
  }

  /** A value without which the flow can't go on. */
  present<T>(what: string, value: T | null): T {
    if (value === null) throw new Error(`missing: ${what}`);
    this.note(`${what}: ${String(value)}`);
    return value;
  }

  /** @returns true if everything agreed */
  complete(): boolean {
    this.#say(`\n${this.#checks - this.#failures} of ${this.#checks} checks agree.`);
    return this.#failures === 0;
  }

  #check(holds: boolean, text: string): void {
    this.#checks += 1;
    if (!holds) this.#failures += 1;
    this.#say(`   ${holds ? "✓" : "✗"} ${text}`);
  }
}
