import { useMutation } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useCreateKey } from "../../lib/new-key.ts";

const KEY_ITEM = "infr.playground.key";
const KEY_NAME = "Playground";

export interface PlaygroundKey {
  key: string | null;
  creating: boolean;
  error: Error | null;
  create: () => void;
  use: (key: string) => void;
  forget: () => void;
}

/** The key the playground pays with: its own, made on demand and gone with the tab, or one the user pastes. */
export function usePlaygroundKey(): PlaygroundKey {
  const [key, setKey] = useState(() => window.sessionStorage.getItem(KEY_ITEM));
  const createKey = useCreateKey();

  const use = useCallback((next: string) => {
    window.sessionStorage.setItem(KEY_ITEM, next);
    setKey(next);
  }, []);
  const forget = useCallback(() => {
    window.sessionStorage.removeItem(KEY_ITEM);
    setKey(null);
  }, []);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => use((await createKey.mutateAsync({ name: KEY_NAME })).key),
  });
  return { key, creating: isPending, error, create: () => mutate(), use, forget };
}
