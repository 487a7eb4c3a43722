/**
 * A refresh interval that waits for the first answer: until then a refetch would wipe out the error that has just been
 * shown, and with it the button that tries again.
 */
export const every =
  (intervalMs: number) =>
  ({ state }: { state: { data: unknown } }): number | false =>
    state.data === undefined ? false : intervalMs;
