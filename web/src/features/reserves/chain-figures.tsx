import { creditEscrowAbi } from "@infr/contracts/abi";
import { formatUsdc, microUsdc } from "@infr/money";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { erc20Abi } from "viem";
import { useConfig } from "wagmi";
import { getBlockNumber, readContract } from "wagmi/actions";
import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { displayCount } from "../../lib/format.ts";
import { queryKeys } from "../../lib/query-keys.ts";

type Figures = { block: bigint; held: bigint; owed: bigint };

/** Asks the chain from the browser, both figures at one block: no word of the API is needed. */
function useChainFigures(): UseQueryResult<Figures> {
  const { contracts } = useAppConfig();
  const chain = useConfig();
  return useQuery({
    queryKey: [...queryKeys.reserves, "chain"],
    queryFn: async () => {
      const block = await getBlockNumber(chain, { cacheTime: 0 });
      const [owed, held] = await Promise.all([
        readContract(chain, {
          address: contracts.escrow,
          abi: creditEscrowAbi,
          functionName: "liabilities",
          blockNumber: block,
        }),
        readContract(chain, {
          address: contracts.usdc,
          abi: erc20Abi,
          functionName: "balanceOf",
          args: [contracts.escrow],
          blockNumber: block,
        }),
      ]);
      return { block, held, owed };
    },
  });
}

export function ChainFigures() {
  const figures = useChainFigures();
  const { contracts } = useAppConfig();
  return (
    <Card aria-labelledby="chain">
      <CardHeader
        id="chain"
        title="What the chain says"
        description={
          <>
            Read by your browser from <span className="font-mono text-xs break-all">{contracts.escrow}</span>
          </>
        }
        action={figures.data && <Coverage {...figures.data} />}
      />
      <div className="px-5 pt-2 pb-4 sm:px-6">
        <QueryView query={figures} name="figures of the chain" loading={<Skeleton className="my-4 h-24" />}>
          {({ block, held, owed }) => (
            <Facts>
              <Fact name="USDC held" hint="By the contract">
                <Money usd={usd(held)} digits={6} />
              </Fact>
              <Fact name="Owed" hint="Unspent credit, earnings, open gift codes">
                <Money usd={usd(owed)} digits={6} />
              </Fact>
              <Fact name="Surplus" hint="Came without saying for whom">
                <Money usd={usd(held - owed)} digits={6} />
              </Fact>
              <Fact name="Block">{displayCount(Number(block))}</Fact>
            </Facts>
          )}
        </QueryView>
      </div>
    </Card>
  );
}

const usd = (micro: bigint): string => formatUsdc(microUsdc(micro));

const Coverage = ({ held, owed }: Figures) =>
  held >= owed ? <Badge tone="good">Covered</Badge> : <Badge tone="bad">Not covered</Badge>;
