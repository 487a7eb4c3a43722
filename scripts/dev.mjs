/** The whole stack, one command; `--help` explains it. The parts of it stand in dev/. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`Node ${process.versions.node} can't run TypeScript. Start it by: npx -y pnpm@12.21.0 dev`);
  process.exit(1);
}
const { main } = await import("./dev/main.ts");
process.exitCode = await main(process.argv.slice(2));
