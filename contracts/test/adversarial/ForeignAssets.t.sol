// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";
import {ReentrantToken} from "../support/ReentrantToken.sol";

/// @dev Forces its ETH onto an address.
contract Forcer {
    constructor(address payable to) payable {
        selfdestruct(to);
    }
}

/// @dev Moves without saying so, as the oldest tokens do.
contract SilentToken {
    mapping(address holder => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }
}

/// @dev ETH and tokens that are no USDC arrive, by mistake or on purpose. Guards that none of it counts, that the governor
/// can give it back, and that the way back is no way to USDC: invariant 15.
contract ForeignAssetsTest is EscrowTest {
    uint32 private account;

    function setUp() public override {
        super.setUp();
        account = _deposit(alice, 50e6);
        vm.deal(address(this), 1 ether);
    }

    function test_foreign_ethIsRefused() public {
        (bool done,) = address(escrow).call{value: 1}("");
        assertTrue(!done, "plain");
        (done,) = address(escrow).call{value: 1}(abi.encodeCall(escrow.open, (bob, 0)));
        assertTrue(!done, "with a call");
        (done,) = address(escrow).call{value: 1}(abi.encodeCall(escrow.pausedUntil, (IEscrowTypes.Group.Moves)));
        assertTrue(!done, "with a call of the extension");
    }

    function test_foreign_forcedEthCountsForNothing() public {
        bytes32 before = _facts();
        new Forcer{value: 3}(payable(address(escrow)));
        assertEq(address(escrow).balance, 3, "forced");
        assertEq(_facts(), before, "nothing has changed");
        uint256 had = bob.balance;
        expectEvent(address(escrow));
        emit IEscrowTypes.Rescued(address(0), bob, 3);
        vm.prank(governor);
        escrow.rescue(address(0), bob, 3);
        assertEq(bob.balance - had, 3, "given back");
    }

    /// @dev ETH forced onto a deposit address, before there is a forwarder, keeps no deposit out.
    function test_foreign_forcedEthOnADepositAddress() public {
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = escrow.refOf(alice, 0);
        new Forcer{value: 3}(payable(escrow.depositAddressOf(refs[0])));
        usdc.mint(escrow.depositAddressOf(refs[0]), 10e6);
        assertEq(escrow.sweep(refs), 10e6, "swept");
    }

    /// @dev Another token with the same name is no surplus: nothing of it can become credit.
    function test_foreign_aTokenOfTheSameNameIsNoSurplus() public {
        TestUSDC fake = new TestUSDC();
        fake.mint(address(escrow), 100e6);
        fake.mint(escrow.depositAddressOf(escrow.refOf(alice, 0)), 100e6);
        assertEq(escrow.surplus(), 0, "no surplus");
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.SurplusExceeded.selector, 100e6, 0));
        vm.prank(attributor);
        escrow.attribute(account, 100e6, "block", 1);
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = escrow.refOf(alice, 0);
        assertEq(escrow.sweep(refs), 0, "nor a deposit");
        vm.prank(governor);
        escrow.rescue(address(fake), bob, 100e6);
        assertEq(fake.balanceOf(bob), 100e6, "given back");
        _assertBacked();
    }

    function test_foreign_aSilentTokenIsGivenBack() public {
        SilentToken token = new SilentToken();
        token.mint(address(escrow), 7);
        vm.prank(governor);
        escrow.rescue(address(token), bob, 7);
        assertEq(token.balanceOf(bob), 7, "given back");
    }

    /// @dev A token made to be rescued calls back while it is.
    function test_foreign_aHostileTokenGetsNothing() public {
        ReentrantToken token = new ReentrantToken();
        token.mint(address(escrow), 7);
        _deposit(address(token), 20e6);
        token.arm(address(escrow), abi.encodeCall(escrow.deposit, (account, 5e6, MEMO)));
        bytes32 before = _facts();
        vm.prank(governor);
        escrow.rescue(address(token), bob, 7);
        assertTrue(!token.reentered(), "refused");
        assertEq(_facts(), before, "nothing has changed");
    }

    function test_I15_foreign_rescueIsNoWayToUsdc() public {
        usdc.mint(address(escrow), 9);
        vm.startPrank(governor);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(usdc)));
        escrow.rescue(address(usdc), bob, 9);
        vm.stopPrank();
        _assertBacked();
    }

    /// @dev What holders see: balances, what is owed and held.
    function _facts() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                escrow.accountOf(account), escrow.liabilities(), escrow.surplus(), usdc.balanceOf(address(escrow))
            )
        );
    }
}
