// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPayoutPolicy} from "../../src/interfaces/IPayoutPolicy.sol";

/// @dev A policy that believes whom it was told to.
contract AllowList is IPayoutPolicy {
    mapping(address owner => bool) public isVerified;

    function verify(address owner) external {
        isVerified[owner] = true;
    }

    function forget(address owner) external {
        isVerified[owner] = false;
    }
}
