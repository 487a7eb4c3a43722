import { must, type Signed, signIn } from "./session.ts";
import type { FlowStack } from "./support.ts";

/**
 * Signs the operator in and puts the demo node up for sale. `demo/large` has a price of its own, high enough that some
 * fifteen answers at its cap make the minimum payout of $10.
 */
export async function registerDemoNode({ stack, url }: { stack: FlowStack; url: string }): Promise<Signed> {
  const operator = await signIn(stack, stack.operator.privateKey);
  must(
    await operator.client.POST("/api/nodes", {
      body: {
        name: "demo node",
        url,
        models: [
          {
            id: "demo/small",
            promptPerMillion: "0.1",
            completionPerMillion: "0.15",
            contextLength: 32_768,
            maxCompletionTokens: 1_024,
          },
          {
            id: "demo/large",
            promptPerMillion: "800",
            completionPerMillion: "900",
            contextLength: 32_768,
            maxCompletionTokens: 1_024,
          },
        ],
      },
    }),
  );
  return operator;
}
