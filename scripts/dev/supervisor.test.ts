import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commandOf, exited, hasTool, waitFor } from "../process.ts";
import { type Part, PartFailedError, Supervisor } from "./supervisor.ts";

let folder: string;
let said: string[];
let supervisor: Supervisor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-"));
  said = [];
  supervisor = new Supervisor({
    logFolder: folder,
    say: (line) => said.push(line),
    backoffMs: { first: 10, most: 40 },
    graceMs: 500,
  });
});

afterEach(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true });
});

const idle = "setInterval(() => {}, 1000)";

function part(name: string, script: string): Part {
  return {
    name,
    words: () => [process.execPath, "-e", script],
    ready: () => Promise.resolve(readFileSync(join(folder, `${name}.log`), "utf8").includes("ready")),
    readyTimeoutMs: 10_000,
  };
}

const ready = (name: string) => part(name, `console.log("ready"); ${idle}`);

async function pidOf(name: string): Promise<number> {
  return await waitFor({ what: name, timeoutMs: 5_000, check: () => supervisor.pidOf(name) });
}

function gone(pid: number): Promise<boolean> {
  return waitFor({ what: `the end of process ${pid}`, timeoutMs: 5_000, check: () => commandOf(pid) === null });
}

describe("Supervisor", () => {
  test("default: a part is started, used, and ended", async () => {
    await supervisor.start(ready("one"));
    const pid = await pidOf("one");
    expect(commandOf(pid)).toContain("ready");
    await supervisor.stop();
    await gone(pid);
    expect(said).toEqual([]);
  });

  test("behavior: a part that dies is started again, and it is said", async () => {
    await supervisor.start(ready("one"));
    const first = await pidOf("one");
    process.kill(first, "SIGKILL");
    const second = await waitFor({
      what: "the second start",
      timeoutMs: 5_000,
      check: () => (supervisor.pidOf("one") === first ? undefined : supervisor.pidOf("one")),
    });
    expect(commandOf(second)).toContain("ready");
    expect(said.join()).toContain("one ended (SIGKILL): again in 0.01 s");
  });

  test("behavior: the pause grows up to its limit", async () => {
    await supervisor.start(part("one", 'console.log("ready"); setTimeout(() => process.exit(3), 60)'));
    await waitFor({ what: "four deaths", timeoutMs: 10_000, check: () => said.length >= 4 });
    const pauses = said.map((line) => /again in ([\d.]+) s/.exec(line)?.[1]);
    expect(pauses.slice(0, 4)).toEqual(["0.01", "0.02", "0.04", "0.04"]);
  });

  test("behavior: a part that does not listen is killed, with what it has started", async () => {
    const child = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(idle)}], { stdio: "inherit" })`;
    await supervisor.start(
      part("deaf", `process.on("SIGTERM", () => {}); console.log("ready " + ${child}.pid); ${idle}`),
    );
    const pid = await pidOf("deaf");
    const grandchild = Number(/ready (\d+)/.exec(readFileSync(join(folder, "deaf.log"), "utf8"))?.[1]);
    expect(commandOf(grandchild)).not.toBeNull();
    await supervisor.stop();
    await Promise.all([gone(pid), gone(grandchild)]);
  });

  test("error: PartFailedError with the end of the log when a part never gets ready", async () => {
    const failing = supervisor.start(part("bad", 'console.error("no such table"); process.exit(1)'));
    await expect(failing).rejects.toBeInstanceOf(PartFailedError);
    await expect(failing).rejects.toHaveProperty("message", expect.stringContaining("no such table"));
  });

  test.runIf(hasTool("setpriv"))("behavior: nothing outlives a supervisor that was killed", async () => {
    const script = `
      const { Supervisor } = await import(${JSON.stringify(new URL("./supervisor.ts", import.meta.url).href)});
      const supervisor = new Supervisor({ logFolder: ${JSON.stringify(folder)}, say: () => {} });
      await supervisor.start({ name: "one", words: () => [process.execPath, "-e", ${JSON.stringify(idle)}], ready: async () => true });
      console.log(supervisor.pidOf("one"));`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const line = await new Promise<string>((resolve) => {
      owner.stdout.once("data", (data: Buffer) => resolve(data.toString()));
    });
    const pid = Number(line);
    // In the moment between setpriv and what it runs, the kernel tells no command line.
    const running = () => commandOf(pid)?.includes("setInterval");
    await waitFor({ what: `process ${line.trim()} to be the part`, timeoutMs: 5_000, check: running });
    owner.kill("SIGKILL");
    await exited(owner);
    await gone(pid);
  });
});
