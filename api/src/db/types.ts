import type postgres from "postgres";

type Types = { bigint: bigint };

/** The pool: for single statements and for opening transactions. */
export type Sql = postgres.Sql<Types>;

/** An open transaction. Whatever moves money takes this, and the pool does not fit it. */
export type Tx = postgres.TransactionSql<Types>;

/** Either: for reads that may run inside a transaction or outside. */
export type Queryable = postgres.ISql<Types>;
