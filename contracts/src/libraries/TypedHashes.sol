// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";

/// @title EIP-712 struct hashes of everything that is signed for the escrow, and the hashes derived from arguments
/// @dev Pure. The domain is `CreditEscrow`, version `1`. `packages/protocol` has the same, with vectors checked by both.
library TypedHashes {
    bytes32 internal constant SETTLEMENT = keccak256(
        "Settlement(uint64 seq,bytes32 prev,bytes32 receiptsRoot,uint40 periodEnd,uint40 deadline,bytes debits,bytes credits,bytes referrals)"
    );
    bytes32 internal constant TRANSFER = keccak256(
        "Transfer(uint32 from,uint32 to,uint64 amount,bytes32 memo,uint96 nonce,uint40 deadline)"
    );
    bytes32 internal constant CREATE_VOUCHER = keccak256(
        "CreateVoucher(uint32 from,address key,uint64 amount,uint32 to,uint40 expiry,uint96 nonce,uint40 deadline)"
    );
    bytes32 internal constant REDEEM =
        keccak256("Redeem(address key,uint32 to,uint32 from,uint40 expiry,uint96 nonce)");
    bytes32 internal constant CLEARANCE = keccak256("Clearance(bytes32 operation,uint40 deadline)");
    bytes32 internal constant DAY_LIMIT =
        keccak256("DayLimit(uint32 account,uint40 perDay,uint96 nonce,uint40 deadline)");
    bytes32 internal constant ROTATE_OWNER =
        keccak256("RotateOwner(uint32 account,address owner,uint96 nonce,uint40 deadline)");

    function settlement(IEscrowTypes.Batch calldata batch) internal pure returns (bytes32) {
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

    function transfer(IEscrowTypes.Transfer memory move, uint96 nonce) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(TRANSFER, move.from, move.to, move.amount, move.memo, nonce, move.deadline)
        );
    }

    function createVoucher(IEscrowTypes.VoucherOrder memory order, uint96 nonce) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CREATE_VOUCHER,
                order.from,
                order.key,
                order.amount,
                order.to,
                order.expiry,
                nonce,
                order.deadline
            )
        );
    }

    /// @param nonce Of the issuer `from`, with which the voucher was made: another one under the same key has another
    function redeem(
        address key,
        uint32 to,
        uint32 from,
        uint40 expiry,
        uint96 nonce
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(REDEEM, key, to, from, expiry, nonce));
    }

    /// @notice What the clearer signs: the struct hash of an operation, until the operation's own deadline.
    function clearance(bytes32 operation, uint40 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLEARANCE, operation, deadline));
    }

    function dayLimit(IEscrowTypes.DayLimit calldata limit, uint96 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode(DAY_LIMIT, limit.account, limit.perDay, nonce, limit.deadline));
    }

    function rotateOwner(IEscrowTypes.Rotation calldata rotation, uint96 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode(ROTATE_OWNER, rotation.account, rotation.owner, nonce, rotation.deadline));
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
