const POLL_MS = 100;
const LIMIT_MS = 60_000;

/** Asks until there is an answer, and says what it waited for if there is none within a minute. */
export async function waitFor<T>(what: string, ask: () => Promise<T | null | undefined | false>): Promise<T> {
  for (const since = Date.now(); Date.now() - since < LIMIT_MS; ) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`waited ${LIMIT_MS / 1000} s for ${what}, in vain`);
}
