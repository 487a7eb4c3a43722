import { parseArgs } from "node:util";
import {
  checkParameters,
  faultOf,
  InvalidParametersError,
  PARAMETER_NAMES,
  type ParameterName,
  parametersFile,
  placeholderOf,
  readParameters,
  requireChainName,
  writeParameters,
} from "./deployment/parameters.ts";

/**
 * Writes parameters of a deployment into its file, then says what is still wrong with it, and ends with 1 if anything is:
 *
 *   node contracts/scripts/set-parameters.ts base --platform 0x… --guardian 0x… --capacity 250000000000n
 *
 * Without values it only checks. A value that could not be deployed with is not written. `--file` names another file.
 */
const values = Object.fromEntries(PARAMETER_NAMES.map((name) => [name, { type: "string" as const }]));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { ...values, file: { type: "string" } },
});
const chain = requireChainName(positionals[0]);
const file = flags.file ?? parametersFile(chain);

/** New values over those of the file, in the order in which they are documented. */
async function merge(given: Record<string, string | undefined>): Promise<Record<string, string>> {
  const faults: Record<string, string> = {};
  for (const name of PARAMETER_NAMES) {
    const fault = given[name] === undefined ? undefined : faultOf(name, given[name]);
    if (fault) faults[name] = fault;
  }
  if (Object.keys(faults).length > 0) throw new InvalidParametersError("The command line", faults);
  const written = await readParameters(file);
  const valueOf = (name: ParameterName): string => given[name] ?? written[name] ?? placeholderOf(name);
  return { ...written, ...Object.fromEntries(PARAMETER_NAMES.map((name) => [name, valueOf(name)])) };
}

try {
  const merged = await merge(flags);
  await writeParameters(file, merged);
  checkParameters(chain, merged, file);
  console.log(`${file} is complete.`);
} catch (error) {
  if (!(error instanceof InvalidParametersError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
