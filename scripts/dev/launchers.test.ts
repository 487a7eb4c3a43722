import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { waitFor } from "../process.ts";
import { isPackageManager } from "./launchers.ts";

describe("isPackageManager", () => {
  test.each([
    "pnpm dev",
    "npm exec pnpm@12.21.0 dev",
    "node /usr/lib/npm/bin/npx-cli.js -y pnpm dev",
    "/opt/pnpm dev",
    "sh -c pnpm dev",
  ])("default: %s", (command) => expect(isPackageManager(command)).toBe(true));
  test.each(["bash", "vim pnpm", "node scripts/dev.mjs", "sh -c make"])("behavior: not %s", (command) => {
    expect(isPackageManager(command)).toBe(false);
  });
});

describe("onLauncherGone", () => {
  test("default: told when the outermost of a chain is gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "launchers-"));
    const module = new URL("./launchers.ts", import.meta.url).href;
    const inner = join(folder, "inner.mjs");
    writeFileSync(
      inner,
      `import { onLauncherGone } from ${JSON.stringify(module)};
       onLauncherGone(() => { console.log("gone"); process.exit(); });
       console.log("watching"); setInterval(() => {}, 1000);`,
    );
    const outer = join(folder, "npm");
    writeFileSync(
      outer,
      `require("node:child_process").spawn("sh", ["-c", ${JSON.stringify(`${process.execPath} ${inner}; exit 0`)}], { stdio: "inherit" });`,
    );
    const said: string[] = [];
    const launcher = spawn("node", [outer], { stdio: ["ignore", "pipe", "inherit"] });
    launcher.stdout.on("data", (data: Buffer) => said.push(data.toString()));
    await waitFor({ what: "the watch", timeoutMs: 5_000, check: () => said.join("").includes("watching") });
    launcher.kill("SIGKILL");
    await waitFor({ what: "the end", timeoutMs: 5_000, check: () => said.join("").includes("gone") });
    rmSync(folder, { recursive: true });
  });
});
