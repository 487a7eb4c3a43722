// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";

/// @title EIP-712 struct hashes of everything that is signed for the escrow, and the hashes derived from arguments
/// @dev Pure. The domain is `CreditEscrow`, version `1`. `packages/protocol` has the same, with vectors checked by both.
library TypedHashes {
    bytes32 internal constant SETTLEMENT = keccak256(
        "Settlement(uint64 seq,bytes32 prev,bytes32 receiptsRoot,uint40 periodEnd,uint40 deadline,bytes debits,bytes credits,bytes referrals)"
    );

    function settlement(ICreditEscrow.Batch calldata batch) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SETTLEMENT,
                batch.seq,
                batch.prev,
                batch.receiptsRoot,
                batch.periodEnd,
                batch.deadline,
                keccak256(batch.debits),
                keccak256(batch.credits),
                keccak256(batch.referrals)
            )
        );
    }

    /// @notice The lasting name of an account.
    function accountRef(address owner, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(owner, salt));
    }

    /// @notice The ERC-3009 nonce that binds a payer's signature to an account and a memo.
    function authorizationNonce(bytes32 ref, bytes32 memo, bytes32 nonceSalt) internal pure returns (bytes32) {
        return keccak256(abi.encode(ref, memo, nonceSalt));
    }
}
