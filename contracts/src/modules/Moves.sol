// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {OwnerWord} from "../libraries/OwnerWord.sol";
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
        Transfer memory checked = move; // each field against its type, once and not at every use
        _requireRunning(Group.Moves);
        if (checked.amount == 0) revert AmountBelowMinimum(0, 1);
        if (checked.from == checked.to) revert SameAccount(checked.from);
        OwnerWord owned = _requireOwned(checked.from);
        bytes32 operation = TypedHashes.transfer(checked, owned.nonce());
        _useNonce(checked.from, owned, operation, checked.deadline, ownerSignature);
        _requireClearance(operation, checked.deadline, clearance);

        _accounts[checked.from] = _accounts[checked.from].debit(checked.from, checked.amount);
        uint32 debtRepaid = _credit(checked.to, checked.amount);
        emit Transferred(checked.from, checked.to, checked.amount, debtRepaid, checked.memo);
    }
}
