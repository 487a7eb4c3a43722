// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Accounts} from "./Accounts.sol";

/// @title Credit from account to account, on two keys: the owner's and the clearer's
/// @dev Makes no token call and leaves `liabilities` as they are. The clearer has checked that the credit is not already
/// spoken for by usage that is metered but not settled; alone it moves nothing, nor does the owner's key.
abstract contract Moves is Accounts {
    /// @inheritdoc IEscrowCore
    function transfer(
        Transfer calldata move,
        bytes calldata ownerSignature,
        bytes calldata clearance
    ) external {
        _requireRunning(Group.Moves);
        if (move.amount == 0) revert AmountBelowMinimum(0, 1);
        if (move.from == move.to) revert SameAccount(move.from);
        bytes32 operation = TypedHashes.transfer(move, _owners[move.from].nonce);
        _useNonce(move.from, operation, move.deadline, ownerSignature);
        _requireClearance(operation, move.deadline, clearance);

        _accounts[move.from] = _accounts[move.from].debit(move.from, move.amount);
        uint32 debtRepaid = _credit(move.to, move.amount);
        emit Transferred(move.from, move.to, move.amount, debtRepaid, move.memo);
    }
}
