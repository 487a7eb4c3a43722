import solc from "solc";
import { type Address, createPublicClient, createWalletClient, type Hex, http, parseAbi } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { packetToBytes } from "viem/ens";
import { bytesToHex } from "viem/utils";
import { startChain } from "../../../test/chain.ts";
import { RICH_KEY } from "./api.ts";

/** The universal resolver of ENS (ENSIP-21) as far as names are looked up by it, over a table; gateways by ERC-3668. */
const SOURCE = `
pragma solidity 0.8.37;

contract Names {
    error ResolverNotFound(bytes name);
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

    mapping(bytes name => mapping(uint256 coinType => bytes)) private addresses;
    mapping(bytes name => string) private gateways;
    mapping(bytes name => bool) private endless;

    function set(bytes calldata name, uint256 coinType, bytes calldata value) external {
        addresses[name][coinType] = value;
    }

    function setGateway(bytes calldata name, string calldata url) external {
        gateways[name] = url;
    }

    /// Whatever its gateway answers, it is asked again.
    function setEndless(bytes calldata name) external {
        endless[name] = true;
    }

    function resolveWithGateways(bytes calldata name, bytes calldata data, string[] calldata)
        external view returns (bytes memory, address)
    {
        if (bytes(gateways[name]).length > 0) {
            string[] memory urls = new string[](1);
            urls[0] = gateways[name];
            revert OffchainLookup(address(this), urls, data, this.answered.selector, endless[name] ? bytes(gateways[name]) : bytes(""));
        }
        // addr(bytes32) is coin type 60, addr(bytes32,uint256) names it.
        bool isGeneral = data.length == 36;
        uint256 coinType = isGeneral ? 60 : uint256(bytes32(data[36:68]));
        bytes memory value = addresses[name][coinType];
        if (isGeneral && value.length == 0) revert ResolverNotFound(name);
        return (isGeneral ? abi.encode(address(bytes20(value))) : abi.encode(value), address(this));
    }

    function answered(bytes calldata response, bytes calldata again) external view returns (bytes memory, address) {
        if (again.length > 0) {
            string[] memory urls = new string[](1);
            urls[0] = string(again);
            revert OffchainLookup(address(this), urls, "", this.answered.selector, again);
        }
        return (response, address(this));
    }
}`;

const abi = parseAbi([
  "function set(bytes name, uint256 coinType, bytes value)",
  "function setGateway(bytes name, string url)",
  "function setEndless(bytes name)",
]);

type Output = { contracts: { "Names.sol": { Names: { evm: { bytecode: { object: string } } } } } };

function compile(): Hex {
  const input = {
    language: "Solidity",
    sources: { "Names.sol": { content: SOURCE } },
    settings: { evmVersion: "prague", outputSelection: { "*": { "*": ["evm.bytecode.object"] } } },
  };
  const { contracts } = JSON.parse(solc.compile(JSON.stringify(input))) as Output;
  return `0x${contracts["Names.sol"].Names.evm.bytecode.object}`;
}

/** A chain of its own with names on it. */
export async function startEns() {
  const chain = await startChain();
  const transport = http(chain.rpcUrl);
  const reader = createPublicClient({ transport, pollingInterval: 20 });
  const writer = createWalletClient({ account: privateKeyToAccount(RICH_KEY), transport });
  const mined = async (hash: Hex) => reader.waitForTransactionReceipt({ hash });
  const { contractAddress } = await mined(await writer.deployContract({ abi, bytecode: compile(), chain: null }));
  const resolver = contractAddress as Address;
  const wire = (name: string) => bytesToHex(packetToBytes(name));
  const write = async (functionName: "set" | "setGateway" | "setEndless", args: readonly unknown[]) =>
    mined(await writer.writeContract({ abi, address: resolver, functionName, args: args as never, chain: null }));
  return {
    rpcUrl: chain.rpcUrl,
    resolver,
    /** Gives a name its wallet for a coin type (ENSIP-11); 60 is the general one. */
    set: (name: string, coinType: bigint, wallet: Address) => write("set", [wire(name), coinType, wallet]),
    setEndless: (name: string) => write("setEndless", [wire(name)]),
    setGateway: (name: string, url: string) => write("setGateway", [wire(name), url]),
    stop: chain.stop,
  };
}
