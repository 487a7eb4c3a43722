import { stripVTControlCharacters } from "node:util";

type State = "waiting" | "running" | "done" | "failed";

interface Step {
  title: string;
  state: State;
  startedAt: number;
  endedAt: number;
  note: string;
}

const marks: Record<State, string> = { waiting: "·", running: "▸", done: "✓", failed: "✗" };
const FRAME_MS = 100;

/**
 * A list of steps with their elapsed times. On a terminal it is redrawn in place; elsewhere a line is written when a step
 * starts and when it ends.
 */
export class StepsView {
  readonly #steps: Step[];
  readonly #isTerminal = process.stdout.isTTY;
  readonly #startedAt = Date.now();
  #drawn = 0;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(titles: readonly string[]) {
    this.#steps = titles.map((title) => ({ title, state: "waiting", startedAt: 0, endedAt: 0, note: "" }));
    if (!this.#isTerminal) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  /** Runs the step of that title; its answer may be a note to show beside it. */
  async run<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const step = this.#steps.find((each) => each.title === title) ?? this.#add(title);
    step.state = "running";
    step.startedAt = Date.now();
    this.#report(step);
    try {
      const result = await work((text) => {
        step.note = text;
      });
      step.state = "done";
      return result;
    } catch (error) {
      step.state = "failed";
      throw error;
    } finally {
      step.endedAt = Date.now();
      this.#report(step);
    }
  }

  /** Writes a line above the list. */
  say(line: string): void {
    this.#erase();
    console.log(line);
    if (this.#timer) this.#draw();
  }

  /** Leaves the list as it stands. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#isTerminal) this.#draw();
    this.#drawn = 0;
    this.#isOver = true;
    console.log(`\n${elapsed(this.#startedAt, Date.now())} in all\n`);
  }

  #add(title: string): Step {
    const step: Step = { title, state: "waiting", startedAt: 0, endedAt: 0, note: "" };
    this.#steps.push(step);
    return step;
  }

  #report(step: Step): void {
    if (this.#isOver) return;
    if (this.#isTerminal) this.#draw();
    else console.log(`${elapsed(this.#startedAt, Date.now()).padStart(8)}  ${line(step)}`);
  }

  #draw(): void {
    this.#erase();
    const width = process.stdout.columns || 80;
    const lines = this.#steps.map((step) => stripVTControlCharacters(line(step)).slice(0, width - 1));
    process.stdout.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) process.stdout.write(`\u001B[${this.#drawn}A\u001B[0J`);
    this.#drawn = 0;
  }
}

function line({ title, state, startedAt, endedAt, note }: Step): string {
  const time = state === "waiting" ? "" : elapsed(startedAt, state === "running" ? Date.now() : endedAt);
  return `${marks[state]} ${title.padEnd(36)} ${time.padStart(7)}${note ? `   ${note}` : ""}`;
}

function elapsed(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(1)} s`;
}
