// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";
import {CreditEscrow} from "../../src/CreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

/// @dev Calls back into the escrow, with what it was told, whenever it moves.
contract ReentrantToken is TestUSDC {
    address private _target;
    bytes private _data;
    bool public reentered;
    bytes4 public refusal;

    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        _callBack();
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _callBack();
        return super.transferFrom(from, to, value);
    }

    function _callBack() private {
        if (_target == address(0)) return;
        bytes memory reason;
        (reentered, reason) = _target.call(_data);
        if (!reentered) refusal = bytes4(reason);
    }
}

/// @dev The token misbehaves: pauses, blacklists, calls back.
contract TokenTest is EscrowTest {
    uint32 private operator;
    uint32 private other;

    function setUp() public override {
        super.setUp();
        _deposit(platform, 1_000e6);
        operator = escrow.open(bob, 0);
        other = escrow.open(alice, 0);
        _settle(_line(1, 200e6), bytes.concat(_line(operator, 100e6), _line(other, 100e6)), "");
        vm.warp(block.timestamp + 2 days);
    }

    function test_token_blacklistedPayeeDoesNotHoldUpOthers() public {
        usdc.blacklist(bob);
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (operator, other);
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(operator, IEscrowTypes.SkipReason.TransferFailed);
        assertEq(escrow.payout(ids), 80e6, "the other one");
        assertEq(escrow.earnerOf(operator).available, 80e6, "nothing is lost");
        vm.startPrank(bob);
        escrow.setPayoutTo(operator, address(0xb0b2));
        vm.warp(block.timestamp + 1 days);
        escrow.withdraw(operator, 80e6);
        vm.stopPrank();
        assertEq(usdc.balanceOf(address(0xb0b2)), 80e6, "by another address");
        _assertBacked();
    }

    function test_token_pausedStopsMovementsButNotSettlement() public {
        usdc.pause();
        uint32[] memory ids = new uint32[](1);
        ids[0] = operator;
        assertEq(escrow.payout(ids), 0, "skipped");
        _settle(1, operator, 10e6);
        usdc.unpause();
        assertEq(escrow.payout(ids), 80e6, "afterwards");
        _assertBacked();
    }

    function test_token_blacklistedEscrowKeepsItsBooks() public {
        usdc.blacklist(address(escrow));
        uint32[] memory ids = new uint32[](1);
        ids[0] = operator;
        assertEq(escrow.payout(ids), 0, "skipped");
        _settle(1, operator, 10e6);
        _assertBacked();
    }

    function test_token_reentrancyIsRefusedEverywhere() public {
        ReentrantToken token = new ReentrantToken();
        CreditEscrow.Setup memory setup = _setup();
        (setup.usdc, usdc) = (address(token), TestUSDC(address(token)));
        escrow = _deploy(setup);
        _deposit(platform, 1_000e6);
        operator = escrow.open(address(token), 0);
        _settle(1, operator, 500e6);
        vm.warp(block.timestamp + 2 days);
        uint32[] memory ids = new uint32[](1);
        ids[0] = operator;
        bytes[5] memory attempts = [
            abi.encodeCall(escrow.payout, (ids)),
            abi.encodeCall(escrow.withdraw, (operator, 10e6)),
            abi.encodeCall(escrow.deposit, (operator, 5e6, MEMO)),
            abi.encodeCall(escrow.exit, (operator)),
            abi.encodeCall(escrow.sweep, (new bytes32[](0)))
        ];
        for (uint256 i = 0; i < attempts.length; ++i) {
            token.arm(address(escrow), attempts[i]);
            _deposit(alice, 5e6);
            assertTrue(!token.reentered(), "refused");
            assertEq(token.refusal(), bytes4(keccak256("ReentrancyGuardReentrantCall()")), "by the guard");
        }
        token.arm(address(escrow), attempts[1]);
        assertEq(escrow.payout(ids), 400e6, "paid once");
        assertTrue(!token.reentered(), "refused");
        _assertBacked();
    }
}
