import { spawn } from "node:child_process";
import { createPublicClient, http } from "viem";

/** A chain of its own for a test file; its id is 31337 unless it is to pass for another chain. */
export async function startAnvil(
  port: number,
  { chainId = 31_337 }: { chainId?: number } = {},
): Promise<{ rpcUrl: string; stop: () => Promise<void> }> {
  const rpcUrl = `http://127.0.0.1:${port}`;
  const words = ["--port", String(port), "--chain-id", String(chainId), "--optimism", "--silent"];
  const child = spawn("anvil", words, { stdio: "ignore" });
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
