// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {MultiSignerERC7913} from "@openzeppelin/contracts/utils/cryptography/signers/MultiSignerERC7913.sol";

/// @title A settler of two keys: a batch counts only if both have signed it
/// @notice One key is the settler's, the other belongs to a co-signer that computes the batch again before it signs.
/// Immutable: other keys are another wallet, which the governor makes the settler.
/// @dev Both sign the digest itself, which names chain, escrow and batch. So the same two keys in another wallet say
/// nothing that they do not say here.
contract SettlerWallet is MultiSignerERC7913, IERC1271 {
    uint64 private constant BOTH = 2;

    /// @notice A signer's address is missing.
    error SignerMissing();

    /// @param settler Who builds batches
    /// @param cosigner Who computes them again
    constructor(address settler, address cosigner) MultiSignerERC7913(_pair(settler, cosigner), BOTH) {}

    /// @notice Whether both have signed.
    /// @param hash What was signed
    /// @param signature `abi.encode(bytes[] signers, bytes[] signatures)`, in ascending order of the signers' keccak256
    /// @return magic The selector of this function if so (ERC-1271), else 0xffffffff
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4 magic) {
        return _rawSignatureValidation(hash, signature) ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    function _pair(address settler, address cosigner) private pure returns (bytes[] memory signers) {
        if (settler == address(0) || cosigner == address(0)) revert SignerMissing();
        signers = new bytes[](BOTH);
        signers[0] = abi.encodePacked(settler);
        signers[1] = abi.encodePacked(cosigner);
    }
}
