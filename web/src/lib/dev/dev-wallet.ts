import {
  type Chain,
  createWalletClient,
  type EIP1193Provider,
  getAddress,
  type Hex,
  hexToBigInt,
  http,
  isHex,
  numberToHex,
  type PrivateKeyAccount,
  SwitchChainError,
  type TypedDataDefinition,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { type CreateConnectorFn, createConnector } from "wagmi";

const KEY_ITEM = "infr.dev-wallet.key";
const CONNECTED_ITEM = "infr.dev-wallet.connected";

export const DEV_WALLET_ID = "devWallet";

/**
 * A wallet for development only: a private key in `localStorage`, behind the same EIP-1193 interface as an extension,
 * so that every other line of the app is the one that runs in production.
 */
export function devWallet(chain: Chain): CreateConnectorFn<EIP1193Provider> {
  const account = privateKeyToAccount(loadKey());
  const provider = createProvider(account, chain);
  return createConnector<EIP1193Provider>((config) => ({
    id: DEV_WALLET_ID,
    name: "Dev wallet",
    type: DEV_WALLET_ID,
    async connect({ withCapabilities } = {}) {
      localStorage.setItem(CONNECTED_ITEM, "yes");
      const accounts = withCapabilities ? [{ address: account.address, capabilities: {} }] : [account.address];
      return { accounts: accounts as never, chainId: chain.id };
    },
    async disconnect() {
      localStorage.removeItem(CONNECTED_ITEM);
    },
    getAccounts: async () => [account.address],
    getChainId: async () => chain.id,
    getProvider: async () => provider,
    isAuthorized: async () => localStorage.getItem(CONNECTED_ITEM) !== null,
    async switchChain({ chainId }) {
      if (chainId !== chain.id) throw new SwitchChainError(new Error("The dev wallet knows the local chain only."));
      return chain;
    },
    onAccountsChanged: (accounts) => config.emitter.emit("change", { accounts: accounts.map((it) => getAddress(it)) }),
    onChainChanged: (chainId) => config.emitter.emit("change", { chainId: Number(chainId) }),
    onDisconnect: () => config.emitter.emit("disconnect"),
  }));
}

function loadKey(): Hex {
  const stored = localStorage.getItem(KEY_ITEM);
  if (isHex(stored)) return stored;
  const key = generatePrivateKey();
  localStorage.setItem(KEY_ITEM, key);
  return key;
}

interface RpcTransaction {
  to?: Hex;
  data?: Hex;
  value?: Hex;
  gas?: Hex;
}

function createProvider(account: PrivateKeyAccount, chain: Chain): EIP1193Provider {
  const client = createWalletClient({ account, chain, transport: http() });

  const request = async ({ method, params }: { method: string; params?: unknown }): Promise<unknown> => {
    const args = (params ?? []) as unknown[];
    switch (method) {
      case "eth_accounts":
      case "eth_requestAccounts":
        return [account.address];
      case "eth_chainId":
        return numberToHex(chain.id);
      case "wallet_switchEthereumChain":
      case "wallet_addEthereumChain":
        return null;
      case "personal_sign":
        return account.signMessage({ message: { raw: args[0] as Hex } });
      case "eth_signTypedData_v4":
        return account.signTypedData(JSON.parse(args[1] as string) as TypedDataDefinition);
      case "eth_sendTransaction": {
        const { to, data, value, gas } = args[0] as RpcTransaction;
        return client.sendTransaction({
          to,
          data,
          value: value && hexToBigInt(value),
          gas: gas && hexToBigInt(gas),
        });
      }
      default:
        return client.request({ method, params } as never);
    }
  };

  return { request, on: () => undefined, removeListener: () => undefined } as unknown as EIP1193Provider;
}
