import { defineConfig } from "vitest/config";

/** `scripts/test.mjs` runs the projects in three lanes beside each other; run one by hand with `pnpm vitest run --project api`. */
export default defineConfig({
  test: {
    // Of each lane: its tests mostly wait, for the chain, the database, or each other.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "web/src/**/*.test.ts", "scripts/**/*.test.ts"],
        },
      },
      {
        test: { name: "contracts", include: ["contracts/test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        test: {
          name: "api",
          // What tests import is loaded once for each worker: else a fifth of the time goes there.
          isolate: false,
          include: ["api/src/**/*.test.ts"],
          globalSetup: ["test/postgres.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        // The contract's events as Ponder indexes them: it mostly waits, so two at once.
        test: {
          name: "events",
          include: [
            "indexer/test/**/*.test.ts",
            "test/payout*.test.ts",
            "test/credit/*.test.ts",
            "test/reconcile.test.ts",
          ],
          globalSetup: ["test/postgres.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: "stack",
          include: ["test/*.test.ts"],
          exclude: ["test/payout*.test.ts", "test/reconcile.test.ts"],
          globalSetup: ["test/postgres.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        // The web app in a real browser, against the whole stack: it mostly waits, too.
        test: {
          name: "browser",
          include: ["test/browser/*.test.ts"],
          globalSetup: ["test/postgres.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
          // A page is asked until it shows what it should; the second that is the default may be a busy machine's.
          expect: { poll: { timeout: 15_000 } },
        },
      },
    ],
  },
});
