// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

/// @dev Takes no ETH, and does not say why.
contract Closed {
    receive() external payable {
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }
}

/// @dev A token that answers `false` where it should revert.
contract SilentToken is ERC20("Silent", "SLNT") {
    function transfer(address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// @dev Errors of OpenZeppelin's libraries that the escrow passes on: nothing has moved then.
contract LibraryErrorsTest is EscrowTest {
    function test_rescue_revertsWhenTheRecipientTakesNoEth() external {
        Closed closed = new Closed();
        vm.deal(address(escrow), 3);
        vm.expectRevert(abi.encodeWithSignature("FailedCall()"));
        vm.prank(governor);
        escrow.rescue(address(0), address(closed), 3);
        assertEq(address(escrow).balance, 3, "the ETH is still there");
    }

    function test_rescue_revertsAboveTheEthHeld() external {
        vm.deal(address(escrow), 3);
        vm.expectRevert(abi.encodeWithSignature("InsufficientBalance(uint256,uint256)", 3, 4));
        vm.prank(governor);
        escrow.rescue(address(0), bob, 4);
    }

    function test_rescue_revertsWhenATokenAnswersFalse() external {
        SilentToken token = new SilentToken();
        vm.expectRevert(abi.encodeWithSignature("SafeERC20FailedOperation(address)", address(token)));
        vm.prank(governor);
        escrow.rescue(address(token), bob, 1);
    }

    function test_sweep_revertsAboveWhatABalanceHolds() external {
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = escrow.refOf(alice, 0);
        uint256 tooMuch = uint256(type(uint64).max) + 1;
        escrow.open(alice, 0);
        usdc.mint(escrow.depositAddressOf(refs[0]), tooMuch);
        vm.expectRevert(abi.encodeWithSignature("SafeCastOverflowedUintDowncast(uint8,uint256)", 64, tooMuch));
        escrow.sweep(refs);
    }
}
