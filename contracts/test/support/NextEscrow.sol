// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowSuccessor} from "../../src/interfaces/IEscrowSuccessor.sol";

/// @dev Writes down what it is given.
contract NextEscrow is IEscrowSuccessor {
    uint256 public imported;
    mapping(uint32 account => uint64) public creditOf;
    mapping(uint32 account => address) public ownerOf;

    function importAccounts(Import[] calldata imports) external {
        imported += imports.length;
        for (uint256 i = 0; i < imports.length; ++i) {
            creditOf[imports[i].account] = imports[i].amount;
            ownerOf[imports[i].account] = imports[i].owner;
        }
    }
}
