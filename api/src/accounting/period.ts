import { InvalidInputError } from "../errors.ts";
import type { Period } from "./store.ts";

const MONTH = /^(20\d{2})-(0[1-9]|1[0-2])$/;
/** Before the first entry that there can be, and after the last that PostgreSQL can hold. */
const ALWAYS: Period = { from: new Date("2000-01-01T00:00:00Z"), until: new Date("9999-12-31T00:00:00Z") };

/** A month such as `2026-11`, in UTC; all of time where none is given. @throws InvalidInputError */
export function readPeriod(month: string | undefined): Period {
  if (month === undefined) return ALWAYS;
  const [, year, number] = MONTH.exec(month) ?? [];
  if (year === undefined) throw new InvalidInputError(`"${month}" is not a month, as in 2026-11.`, "month");
  return {
    from: new Date(Date.UTC(Number(year), Number(number) - 1, 1)),
    until: new Date(Date.UTC(Number(year), Number(number), 1)),
  };
}
