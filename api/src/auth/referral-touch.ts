/** A link that somebody has followed: whose it is, and when. His browser keeps it; he could as well follow another link. */
export type Touch = { code: string; touchedAt: Date };

const TOUCH = /^([0-9a-f]{16})\.([0-9]{13})$/;

export const writeTouch = ({ code, touchedAt }: Touch): string => `${code}.${touchedAt.getTime()}`;

/** @returns null for what is not a touch, or is older than the window */
export function readTouch(text: string | undefined, { now, days }: { now: Date; days: number }): Touch | null {
  const [, code, at] = TOUCH.exec(text ?? "") ?? [];
  if (code === undefined) return null;
  const touchedAt = new Date(Number(at));
  const ageMs = now.getTime() - touchedAt.getTime();
  return ageMs >= 0 && ageMs < days * 86_400_000 ? { code, touchedAt } : null;
}
