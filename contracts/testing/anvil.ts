import { spawn } from "node:child_process";
import { createPublicClient, http } from "viem";

/** A chain of its own for a test file. */
export async function startAnvil(port: number): Promise<{ rpcUrl: string; stop: () => Promise<void> }> {
  const rpcUrl = `http://127.0.0.1:${port}`;
  const child = spawn("anvil", ["--port", String(port), "--optimism", "--silent"], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => {
    child.on("exit", () => resolve());
    child.on("error", () => resolve());
  });
  const client = createPublicClient({ transport: http(rpcUrl, { retryCount: 100, retryDelay: 50 }) });
  await client.getChainId();
  return {
    rpcUrl,
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}
