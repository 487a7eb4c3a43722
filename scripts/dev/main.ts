import { existsSync } from "node:fs";
import { AlreadyRunningError, claimFolder, FOLDER, recordProcesses, releaseFolder } from "./folder.ts";
import { onLauncherGone } from "./launchers.ts";
import { MissingVariableError, planLayout } from "./layout.ts";
import { help, readOptions } from "./options.ts";
import { FlowDisagreesError } from "./seed.ts";
import { prepareFolder, startStack } from "./stack.ts";
import { StepsView } from "./steps-view.ts";
import { PartFailedError, Supervisor } from "./supervisor.ts";

const steps = [
  "PostgreSQL",
  "chain",
  "contracts",
  "indexer",
  "API",
  "worker",
  "demo node",
  "mail",
  "web app",
  "demo flow",
];

/** Runs the stack until a signal; answers the exit code. */
export async function main(words: string[]): Promise<number> {
  const options = readOptions(words);
  if (options.help) {
    console.log(help);
    return 0;
  }
  const stopping = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.resolve());
  // Whoever read the output may be gone before the parts are stopped.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  onLauncherGone(() => stopping.resolve());
  try {
    await claimFolder();
  } catch (error) {
    if (!(error instanceof AlreadyRunningError)) throw error;
    console.error(error.message);
    return 1;
  }
  for (const line of prepareFolder(options)) console.log(line);
  const view = new StepsView(steps);
  const supervisor = new Supervisor({
    logFolder: `${FOLDER}/logs`,
    say: (line) => view.say(line),
    onPids: (pids) => recordProcesses(pids),
  });
  try {
    const { layout, notes } = await planLayout(process.env);
    for (const note of notes) view.say(note);
    const started = startStack({ layout, view, supervisor });
    // A signal ends the start too: what is half started is stopped below.
    const table = await Promise.race([started, stopping.promise]);
    started.catch(() => {});
    view.end();
    if (table) {
      console.log(table);
      await stopping.promise;
    }
    return 0;
  } catch (error) {
    view.end();
    console.error(isExpected(error) ? error.message : error);
    return 1;
  } finally {
    console.log("Stopping …");
    await supervisor.stop();
    if (existsSync(FOLDER)) releaseFolder();
  }
}

function isExpected(error: unknown): error is Error {
  return [PartFailedError, MissingVariableError, FlowDisagreesError].some((expected) => error instanceof expected);
}
