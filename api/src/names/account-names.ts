import postgres from "postgres";
import type { Sql } from "../db/types.ts";
import { InvalidInputError, RefusedError } from "../errors.ts";
import { isChoosable } from "./name.ts";
import { giveUpName, isOpen, lockNames, takeName } from "./store.ts";

const STATUS = { name_taken: 409, too_many_names: 403, account_not_open: 409 } as const;

/** A name can't be had, and nothing has changed: the message says what to do. */
export class NameRefusedError extends RefusedError<keyof typeof STATUS> {
  constructor(code: keyof typeof STATUS, message: string) {
    super({ code, status: STATUS[code], message, param: "name" });
  }
}

/**
 * Gives an account a name, instead of the one that it has. An account that was never paid into has none: else names would be
 * free for whoever wants to hoard them.
 * @throws InvalidInputError, NameRefusedError
 */
export async function chooseName(
  sql: Sql,
  { accountId, userId, name }: { accountId: string; userId: string; name: string },
): Promise<void> {
  if (!isChoosable(name))
    throw new InvalidInputError(
      "A name has 3 to 32 of a to z, 0 to 9 and single hyphens inside, and is not one that a platform would use of itself. Choose another.",
      "name",
    );
  if (!(await isOpen(sql, accountId)))
    throw new NameRefusedError("account_not_open", "Deposit first: an account without credit has no name yet.");
  try {
    await sql.begin(async (tx) => {
      await lockNames(tx, accountId);
      await giveUpName(tx, accountId);
      await takeName(tx, { name, account_id: accountId, user_id: userId });
    });
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  if (error.code === "23505")
    return new NameRefusedError("name_taken", "This name, or one that looks like it, is taken. Choose another.");
  if (error.code === "IF001")
    return new NameRefusedError(
      "too_many_names",
      "An account has at most five names in its life. Go back to one of them.",
    );
  return error;
}
