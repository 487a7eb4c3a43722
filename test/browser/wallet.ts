import type { BrowserContext } from "playwright-core";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  hexToBigInt,
  hexToNumber,
  http,
  numberToHex,
  type TypedDataDefinition,
} from "viem";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";

/** EIP-1193's codes: the user said no; there is no such method. */
const REJECTED = 4001;
const UNSUPPORTED = 4200;
/** What a wallet asks its user for. */
const ASKS = ["personal_sign", "eth_signTypedData_v4", "eth_sendTransaction", "wallet_switchEthereumChain"];

type Call = { method: string; params?: unknown[] };
type Answer = { result: unknown } | { error: { code: number; message: string } };

class RpcError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** An extension's wallet: announced to the page by EIP-6963, with a key of its own that the page never sees. It really signs. */
export class TestWallet {
  /** Where it is; the page may ask it to switch. */
  chainId: number;
  /** Whether its user says no to whatever he is asked for. */
  refuses = false;
  /** What it has asked its user for, in order. */
  readonly asked: string[] = [];
  readonly #account: PrivateKeyAccount = privateKeyToAccount(generatePrivateKey());
  readonly #home: { chainId: number; rpc: string };
  #connected = false;

  constructor({ chainId, home }: { chainId: number; home: { chainId: number; rpc: string } }) {
    this.chainId = chainId;
    this.#home = home;
  }

  get address(): Address {
    return this.#account.address;
  }

  async installIn(context: BrowserContext): Promise<void> {
    await context.exposeFunction("askTestWallet", (call: Call) => this.#answer(call));
    await context.addInitScript(PROVIDER);
  }

  async #answer({ method, params = [] }: Call): Promise<Answer> {
    try {
      if (ASKS.includes(method)) this.#askUser(method);
      return { result: await this.#carryOut(method, params) };
    } catch (error) {
      if (error instanceof RpcError) return { error: { code: error.code, message: error.message } };
      throw error;
    }
  }

  #askUser(method: string): void {
    this.asked.push(method);
    if (this.refuses) throw new RpcError(REJECTED, "User rejected the request.");
  }

  async #carryOut(method: string, params: unknown[]): Promise<unknown> {
    switch (method) {
      case "eth_accounts":
        return this.#connected ? [this.address] : [];
      case "eth_requestAccounts":
        this.#connected = true;
        return [this.address];
      case "eth_chainId":
        return numberToHex(this.chainId);
      case "wallet_switchEthereumChain":
        this.chainId = hexToNumber((params[0] as { chainId: Hex }).chainId);
        return null;
      case "personal_sign":
        return this.#account.signMessage({ message: { raw: params[0] as Hex } });
      case "eth_signTypedData_v4":
        return this.#signTypedData(JSON.parse(params[1] as string) as TypedDataDefinition);
      case "eth_sendTransaction":
        return this.#send(params[0] as { to?: Hex; data?: Hex; value?: Hex; gas?: Hex });
      default:
        return this.#forward(method, params);
    }
  }

  /** As MetaMask does, it signs for the chain that it is on alone. */
  #signTypedData(data: TypedDataDefinition): Promise<Hex> {
    if (Number(data.domain?.chainId) !== this.chainId) throw new RpcError(-32_603, "The chain is not the active one.");
    return this.#account.signTypedData(data);
  }

  #send({ to, data, value, gas }: { to?: Hex; data?: Hex; value?: Hex; gas?: Hex }): Promise<Hex> {
    const chain = this.#chain();
    const client = createWalletClient({ account: this.#account, chain, transport: http(this.#home.rpc) });
    return client.sendTransaction({ to, data, value: value && hexToBigInt(value), gas: gas && hexToBigInt(gas) });
  }

  #forward(method: string, params: unknown[]): Promise<unknown> {
    if (method.startsWith("wallet_")) throw new RpcError(UNSUPPORTED, `There is no ${method}.`);
    const client = createPublicClient({ chain: this.#chain(), transport: http(this.#home.rpc) });
    return client.request({ method, params } as never);
  }

  #chain() {
    if (this.chainId !== this.#home.chainId) throw new RpcError(-32_603, "This chain has no node here.");
    const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
    const rpcUrls = { default: { http: [this.#home.rpc] } };
    return defineChain({ id: this.#home.chainId, name: "home", nativeCurrency, rpcUrls });
  }
}

/** What an extension puts into every page: it passes calls on, and tells of another chain. */
const PROVIDER = `(() => {
  const listeners = new Map();
  const of = (name) => listeners.get(name) ?? listeners.set(name, new Set()).get(name);
  const provider = {
    on: (name, listener) => of(name).add(listener),
    removeListener: (name, listener) => of(name).delete(listener),
    request: async ({ method, params }) => {
      const { result, error } = await window.askTestWallet({ method, params });
      if (error) throw Object.assign(new Error(error.message), { code: error.code });
      if (method === "wallet_switchEthereumChain") for (const tell of of("chainChanged")) tell(params[0].chainId);
      return result;
    },
  };
  const icon = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><rect width='8' height='8'/></svg>";
  const info = { uuid: crypto.randomUUID(), name: "Test wallet", rdns: "com.example.wallet", icon };
  const detail = Object.freeze({ info: Object.freeze(info), provider });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})()`;
