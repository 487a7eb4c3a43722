import { MalformedFileError, NotSettledError } from "../verify/errors.ts";
import type { Verification } from "../verify/verification.ts";
import { COMMANDS } from "./commands.ts";
import { type Request, readRequest } from "./options.ts";

const HELP = `infr <command>

  verify <receipt.json | req_…>            checks a charge against the chain alone
  verify-account <file.json… | batch>      checks all your charges in a batch
  verify-reserves <proof.json | day>       checks that what you are owed was counted in
  reprice <statement.json | month>         works a statement out again, to the last nano-dollar
  balance                                  what can be spent, and how long it lasts
  send <amount> <0x… | acct_…>             sends credit
  request <amount>                         makes a link by which somebody pays you
  standing [new | pause | resume | end]    sends credit again and again
  redeem <code>                            redeems a gift code, by the API or the contract alone

infr <command> --help says more.
Exit code: 0 it verifies, or is done · 1 it does not · 2 it could not be checked, or done · 3 its batch is not settled yet`;

/** What a command line says, and to whom. */
export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
}

const VERIFIES = 0;
const DOES_NOT = 1;
const NOT_CHECKED = 2;
const NOT_SETTLED = 3;

/** Runs a command line. @returns its exit code */
export async function run(
  args: string[],
  { environment, terminal }: { environment: Record<string, string | undefined>; terminal: Terminal },
): Promise<number> {
  try {
    const request = readRequest(args, environment);
    const command = request.command === undefined ? undefined : COMMANDS[request.command];
    if (request.help || request.command === "help") {
      terminal.out(command?.help ?? HELP);
      return VERIFIES;
    }
    if (!command) {
      terminal.err(request.command === undefined ? HELP : `There is no command "${request.command}".\n\n${HELP}`);
      return NOT_CHECKED;
    }
    const result = await command.run(request);
    if ("said" in result) {
      for (const line of request.json ? [JSON.stringify(result.result, null, 2)] : result.said) terminal.out(line);
      return VERIFIES;
    }
    report(result, { request, terminal });
    return result.ok ? VERIFIES : DOES_NOT;
  } catch (error) {
    terminal.err(messageOf(error));
    return exitCodeOf(error);
  }
}

function report({ ok, checks }: Verification, { request, terminal }: { request: Request; terminal: Terminal }): void {
  if (request.json) {
    terminal.out(JSON.stringify({ ok, checks }, null, 2));
    return;
  }
  for (const check of checks) terminal.out(`${check.ok ? "✓" : "✗"} ${check.name}: ${check.detail}`);
  terminal.out(ok ? "It verifies." : "IT DOES NOT VERIFY. Keep the file: it shows what was claimed.");
}

/** viem's and fetch's errors say in one line what happened, and after it much else. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { shortMessage } = error as { shortMessage?: string };
  const cause = error.cause instanceof Error ? ` (${error.cause.message.split("\n")[0]})` : "";
  return shortMessage ?? `${error.message}${cause}`;
};

/** A file that is not what it has to be does not verify: whatever changed it. */
function exitCodeOf(error: unknown): number {
  if (error instanceof NotSettledError) return NOT_SETTLED;
  return error instanceof MalformedFileError ? DOES_NOT : NOT_CHECKED;
}
