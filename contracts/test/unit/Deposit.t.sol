// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {TestUSDC} from "../../dev/TestUSDC.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract DepositTest is EscrowTest {
    function test_deposit_creditsTheAccount(uint64 amount) public {
        amount = uint64(bound(amount, escrow.MIN_DEPOSIT(), 1e15));
        uint32 account = escrow.open(bob, 0);
        _fund(alice, amount);
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(account, alice, IEscrowTypes.Rail.Deposit, amount, 0, MEMO);
        vm.prank(alice);
        escrow.deposit(account, amount, MEMO);

        assertEq(_balance(account), amount, "balance");
        assertEq(escrow.liabilities(), amount, "liabilities");
        assertEq(usdc.balanceOf(address(escrow)), amount, "held");
        _assertBacked();
    }

    function test_deposit_addsUp() public {
        uint32 account = _deposit(alice, 5e6);
        _fund(bob, 7e6);
        vm.prank(bob);
        escrow.deposit(account, 7e6, MEMO);
        assertEq(_balance(account), 12e6, "balance");
    }

    function test_deposit_repaysDebtFirst() public {
        _deposit(platform, 50e6);
        uint32 account = _deposit(alice, 5e6);
        _settle(account, 1, 6.5e6); // 1.5 short
        assertEq(_debt(account), 1.5e6, "debt");
        uint256 platformBefore = _balance(1);

        _fund(alice, 5e6);
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(account, alice, IEscrowTypes.Rail.Deposit, 5e6, 1.5e6, MEMO);
        vm.prank(alice);
        escrow.deposit(account, 5e6, MEMO);
        assertEq(_debt(account), 0, "debt is repaid");
        assertEq(_balance(account), 3.5e6, "the rest is credit");
        assertEq(_balance(1), platformBefore + 1.5e6, "account 1 is repaid");
        _assertBacked();
    }

    function test_deposit_revertsAboveWhatCanBeOwed() public {
        uint64 half = 1 << 63;
        _deposit(alice, half);
        uint32 account = escrow.open(bob, 0);
        _fund(bob, half);
        uint256 owed = 1 << 64;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.ValueTooLarge.selector, owed, type(uint64).max));
        vm.prank(bob);
        escrow.deposit(account, half, MEMO);
    }

    function test_deposit_revertsBelowTheMinimum() public {
        uint32 account = escrow.open(alice, 0);
        uint64 minimum = escrow.MIN_DEPOSIT();
        _fund(alice, minimum);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, minimum - 1, minimum));
        vm.prank(alice);
        escrow.deposit(account, minimum - 1, MEMO);
    }

    function test_deposit_revertsForUnknownAccounts() public {
        _fund(alice, 20e6);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 0));
        escrow.deposit(0, 10e6, MEMO);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 2));
        escrow.deposit(2, 10e6, MEMO);
    }

    function test_deposit_revertsWithoutAllowance() public {
        uint32 account = escrow.open(alice, 0);
        usdc.mint(alice, 10e6);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(escrow), 0, 10e6)
        );
        vm.prank(alice);
        escrow.deposit(account, 10e6, MEMO);
    }

    function test_deposit_revertsWhenTheTokenDoes() public {
        uint32 account = escrow.open(alice, 0);
        _fund(alice, 20e6);
        usdc.pause();
        vm.startPrank(alice);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        escrow.deposit(account, 10e6, MEMO);
        usdc.unpause();
        usdc.blacklist(alice);
        vm.expectRevert(abi.encodeWithSelector(TestUSDC.Blacklisted.selector, alice));
        escrow.deposit(account, 10e6, MEMO);
    }

    function test_depositFor_opensTheAccount(address owner, bytes32 salt) public {
        vm.assume(owner != address(0) && !(owner == platform && salt == 0));
        _fund(alice, 25e6);
        expectEvent(address(escrow));
        emit IEscrowTypes.AccountOpened(2, owner, keccak256(abi.encode(owner, salt)));
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(2, alice, IEscrowTypes.Rail.DepositFor, 25e6, 0, MEMO);
        vm.prank(alice);
        uint32 account = escrow.depositFor(owner, salt, 25e6, MEMO);

        assertEq(account, 2, "number");
        assertEq(_balance(account), 25e6, "balance");
        assertEq(escrow.ownerOf(account), owner, "owner");
    }

    function test_depositFor_findsAnOpenAccount() public {
        assertEq(_deposit(alice, 5e6), 2, "opened");
        assertEq(_deposit(alice, 5e6), 2, "found");
        assertEq(_balance(2), 10e6, "balance");
    }

    function test_depositFor_creditsAccountOne() public {
        assertEq(_deposit(platform, 9e6), 1, "account 1");
        assertEq(_balance(1), 9e6, "balance");
    }

    function test_depositFor_revertsBelowTheMinimum() public {
        _fund(alice, 5e6);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 1, 5e6));
        vm.prank(alice);
        escrow.depositFor(alice, 0, 1, MEMO);
    }
}
