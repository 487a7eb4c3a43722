// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";

/// @title Who may do what, and how a signature is checked
abstract contract Governed is ICreditEscrow, EIP712 {
    /// @inheritdoc ICreditEscrow
    address public settler;
    /// @inheritdoc ICreditEscrow
    address public clearer;
    /// @inheritdoc ICreditEscrow
    address public payoutPolicy;

    constructor(address settler_, address clearer_, address payoutPolicy_) EIP712("CreditEscrow", "1") {
        if (settler_ == address(0)) revert InvalidAddress(settler_);
        if (clearer_ == address(0)) revert InvalidAddress(clearer_);
        settler = settler_;
        clearer = clearer_;
        payoutPolicy = payoutPolicy_;
    }

    /// @dev ECDSA first, ERC-1271 after it: an EIP-7702 account has code, whose delegate may lack ERC-1271, and its
    /// key must not be locked out.
    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) internal view {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return;
        if (
            signer.code.length == 0
                || !SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature)
        ) {
            revert InvalidSignature(signer, digest);
        }
    }
}
