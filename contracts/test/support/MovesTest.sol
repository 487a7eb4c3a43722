// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EscrowTest} from "./EscrowTest.sol";

/// @dev A buyer with 100 USDC of credit and an owner who can sign, a friend, and the clearer's signature.
abstract contract MovesTest is EscrowTest {
    uint256 internal constant OWNER_KEY = 0x0b4e5;
    address internal owner;
    address internal friendOwner = address(0xf41e4d);
    uint32 internal buyer;
    uint32 internal friend;

    function setUp() public virtual override {
        super.setUp();
        owner = vm.addr(OWNER_KEY);
        _deposit(platform, 100e6);
        buyer = _deposit(owner, 100e6);
        friend = escrow.open(friendOwner, 0);
    }

    function _clearanceHash(bytes32 operation, uint40 deadline) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(keccak256("Clearance(bytes32 operation,uint40 deadline)"), operation, deadline)
        );
    }

    function _clear(bytes32 operation, uint40 deadline) internal view returns (bytes memory) {
        return _sign(CLEARER_KEY, _typed(_clearanceHash(operation, deadline)));
    }
}
