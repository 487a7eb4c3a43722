import type { Dispatcher } from "undici";
import type { Config } from "../config.ts";
import { askHost } from "./ask-host.ts";
import type { Directories } from "./directories.ts";
import { openEns } from "./ens.ts";
import { openPhoneDirectory } from "./phone-directory.ts";

/** Where names lead, as it is configured. The agent opens the connections to strangers. */
export const openDirectories = (config: Config, agent: Dispatcher): Directories => ({
  host: config.publicUrl.host,
  askHost: (name) => askHost({ agent, isPlain: config.allowPrivateNodes, chainId: config.chainId }, name),
  ens: config.ens && openEns({ ...config.ens, chainId: config.chainId, agent, isPlain: config.allowPrivateNodes }),
  phones: config.phoneDirectory && openPhoneDirectory(config.phoneDirectory),
});
