// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";

/// @dev Calls back with what it was told, once, whenever it moves. It can own accounts and have roles, so that it may.
contract ReentrantToken is TestUSDC {
    address private _target;
    bytes private _data;
    bool private _refuses;
    bool public reentered;
    bytes public refusal;

    /// @param data What to call back with at the next movement
    function arm(address target, bytes calldata data) external {
        (_target, _data, reentered) = (target, data, false);
        delete refusal;
    }

    /// @dev Whether `transfer` says no, without reverting, after it has called back.
    function refuse(bool refuses) external {
        _refuses = refuses;
    }

    /// @dev Does as it is told: sends a transaction of its own.
    function act(address target, bytes calldata data) external {
        (bool done, bytes memory reason) = target.call(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        _callBack();
        return !_refuses && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _callBack();
        return super.transferFrom(from, to, value);
    }

    function _callBack() private {
        if (_target == address(0)) return;
        address target = _target;
        _target = address(0);
        (bool done, bytes memory reason) = target.call(_data);
        reentered = done;
        if (!done) refusal = reason;
    }
}
