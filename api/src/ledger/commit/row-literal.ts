/**
 * Rows as PostgreSQL writes them: an array of a composite type, in text. It is read three times faster than JSON is.
 * Source: PostgreSQL documentation, "Array Input and Output Syntax" and "Composite Type Input and Output Syntax".
 */

export type Field = string | number | bigint | boolean | Date | null;

/** @returns an array of rows, for a parameter that is cast to an array of their type */
export const rowsLiteral = (rows: Field[][]): string => `{${rows.map((row) => quoted(rowOf(row))).join(",")}}`;

/** @returns an array of texts, as a field of a row */
export const textsLiteral = (texts: string[]): string => `{${texts.map(quoted).join(",")}}`;

const rowOf = (row: Field[]): string => `(${row.map(fieldOf).join(",")})`;

/** Nothing at all is null; a text may be empty. */
function fieldOf(field: Field): string {
  if (field === null) return "";
  if (typeof field !== "string") return field instanceof Date ? field.toISOString() : String(field);
  return PLAIN.test(field) ? field : quoted(field);
}

/** What stands for itself in rows and arrays. */
const PLAIN = /^[\w.:/-]+$/;

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
