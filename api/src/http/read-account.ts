import type { Static } from "typebox";
import { accountById } from "../auth/store.ts";
import { NotFoundError } from "../errors.ts";
import type { Account } from "./schemas.ts";
import type { Services } from "./services.ts";

/** An account as its people see it. @throws NotFoundError */
export async function readAccount({ sql, config }: Services, accountId: string): Promise<Static<typeof Account>> {
  const row = await accountById(sql, accountId);
  if (!row) throw new NotFoundError("account");
  return {
    id: row.account_id,
    kind: row.kind,
    name: row.name,
    owner: row.owner,
    salt: row.salt,
    ref: row.ref,
    currentOwner: row.current_owner,
    custodial: row.current_owner === config.custodianAddress,
    chainAccount: row.chain_account === null ? null : Number(row.chain_account),
    createdAt: row.created_at.toISOString(),
  };
}
