import { createContext, use } from "react";
import type { Config } from "./api.ts";

export const AppConfigContext = createContext<Config | null>(null);

/** What the API says about chain, contracts and limits: loaded once, before anything else is shown. */
export function useAppConfig(): Config {
  const config = use(AppConfigContext);
  if (!config) throw new Error("useAppConfig is used outside of the providers");
  return config;
}
