import { viewsExist } from "../chain/events-store.ts";
import type { Chain } from "../chain/open.ts";
import type { Sql } from "../db/types.ts";
import { anyNodeLive } from "../inference/health-store.ts";

/** What has to be there before requests can be served, and whether it is. */
export type Readiness = { database: boolean; indexer: boolean; chain: boolean; node: boolean };

/** Asks every part that this process depends on. */
export async function readReadiness({ sql, chain }: { sql: Sql; chain: Chain }): Promise<Readiness> {
  const works = (question: Promise<boolean>) => question.catch(() => false);
  const [database, indexer, chainWorks, node] = await Promise.all([
    works(sql`select from balances limit 1`.then(() => true)),
    works(viewsExist(sql, chain.viewsSchema)),
    works(chain.client.getChainId().then((id) => id === chain.chainId)),
    works(anyNodeLive(sql)),
  ]);
  return { database, indexer, chain: chainWorks, node };
}
