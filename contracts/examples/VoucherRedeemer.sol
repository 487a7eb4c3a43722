// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditEscrow} from "../src/interfaces/ICreditEscrow.sol";

/// @title An example: a contract that has an account of its own and redeems vouchers into it
/// @notice Whoever knows a voucher's key signs for this contract's account. A copied transaction credits the same account,
/// so the signature may pass through anybody's hands.
contract VoucherRedeemer {
    ICreditEscrow public immutable ESCROW;
    /// @notice Number of this contract's account.
    uint32 public immutable ACCOUNT;

    /// @notice What this contract has redeemed.
    event Redeemed(address indexed key, uint64 amount);

    constructor(ICreditEscrow escrow) {
        ESCROW = escrow;
        ACCOUNT = escrow.open(address(this), 0);
    }

    /// @notice Redeems a voucher into this contract's account.
    /// @param key The voucher's
    /// @param signature Of the key over `Redeem(key, ACCOUNT, from, expiry, nonce)`, the last three as in `voucherOf`
    /// @return amount µUSDC of credit, of which debt of the account is repaid first
    function redeem(address key, bytes calldata signature) external returns (uint64 amount) {
        amount = ESCROW.voucherOf(key).amount;
        ESCROW.redeemVoucher(key, ACCOUNT, signature);
        emit Redeemed(key, amount);
    }
}
