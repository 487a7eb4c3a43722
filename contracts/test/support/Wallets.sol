// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @dev A smart wallet: ERC-1271 on behalf of one key, whose signature has a byte in front, so that it is no ECDSA.
contract SmartWallet is IERC1271 {
    address private immutable KEY;

    constructor(address key) {
        KEY = key;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature[1:]);
        return signer == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev What stands at an EIP-7702 address whose delegate knows nothing of ERC-1271.
contract BareDelegate {
    receive() external payable {}
}
