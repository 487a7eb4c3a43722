// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev One party tries to hold up others: by its account, by somebody's permit, by a copied transaction.
contract GriefingTest is MovesTest {
    /// @dev Whatever an owner does with his account between signing and settling, the batch goes through.
    function test_griefing_anEmptiedAccountDoesNotBlockABatch(uint64 left) public {
        left = uint64(bound(left, 0, 100e6 - 1));
        IEscrowTypes.Batch memory batch =
            _batch(bytes.concat(_line(1, 5e6), _line(buyer, 50e6)), _line(friend, 55e6), "");
        bytes memory signature = _sign(SETTLER_KEY, _digest(batch));
        _spend(100e6 - left);
        escrow.settle(batch, signature);
        assertEq(_earned(friend), 44e6, "the operator is paid in full");
        _assertBacked();
    }

    function test_griefing_aLoweredDayLimitCountsOnlyAfterADay() public {
        IEscrowTypes.DayLimit memory limit = IEscrowTypes.DayLimit(buyer, 1, uint40(block.timestamp));
        vm.prank(owner);
        escrow.setDayLimit(limit, "");
        _settle(buyer, friend, 50e6);
        assertEq(_balance(buyer), 50e6, "settled");
    }

    function test_griefing_depositsCannotCallOffAnExit() public {
        vm.warp(block.timestamp + 14 days + 1);
        vm.prank(owner);
        escrow.requestExit(buyer);
        for (uint256 day = 0; day < 7; ++day) {
            vm.warp(block.timestamp + 1 days);
            _fund(address(this), 5e6);
            escrow.deposit(buyer, 5e6, MEMO);
        }
        vm.prank(owner);
        escrow.exit(buyer);
        assertEq(usdc.balanceOf(owner), 135e6, "with what was given");
    }

    function test_frontRunning_aUsedPermitIsNoObstacle() public {
        usdc.mint(owner, 10e6);
        bytes32 digest = _permitDigest(10e6);
        bytes memory signature = _sign(OWNER_KEY, digest);
        usdc.permit(owner, address(escrow), 10e6, block.timestamp, signature); // somebody was faster
        vm.prank(owner);
        escrow.depositWithPermit(owner, 0, 10e6, MEMO, block.timestamp, signature);
        assertEq(_balance(buyer), 110e6, "deposited");
    }

    function test_copying_aVoucherCreditsTheSameAccount() public {
        uint256 privateKey = 0xc0de;
        address key = vm.addr(privateKey);
        uint40 time = uint40(block.timestamp);
        IEscrowTypes.VoucherOrder memory order =
            IEscrowTypes.VoucherOrder(buyer, key, 10e6, 0, time + 1 days, time);
        bytes32 operation = keccak256(
            abi.encode(
                keccak256(
                    "CreateVoucher(uint32 from,address key,uint64 amount,uint32 to,uint40 expiry,uint96 nonce,uint40 deadline)"
                ),
                buyer,
                key,
                order.amount,
                0,
                order.expiry,
                escrow.accountOf(buyer).nonce,
                time
            )
        );
        bytes memory clearance = _clear(operation, time);
        vm.prank(owner);
        escrow.createVoucher(order, "", clearance);
        bytes32 redeem = keccak256("Redeem(address key,uint32 to,uint32 from,uint40 expiry)");
        bytes32 digest = _typed(keccak256(abi.encode(redeem, key, friend, buyer, order.expiry)));
        bytes memory signature = _sign(privateKey, digest);
        uint32 thief = escrow.open(address(0x7417f), 0);
        digest = _typed(keccak256(abi.encode(redeem, key, thief, buyer, order.expiry)));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, key, digest));
        vm.prank(address(0x7417f));
        escrow.redeemVoucher(key, thief, signature);
        vm.prank(address(0x7417f));
        escrow.redeemVoucher(key, friend, signature); // the copy
        assertEq(_balance(friend), 10e6, "the account that the key signed for");
    }

    /// @dev Censorship: the platform settles nothing and answers nothing. Everybody leaves within three weeks.
    function test_censorship_everybodyLeaves() public {
        uint32 other = _deposit(alice, 70e6);
        vm.warp(block.timestamp + 14 days + 1);
        vm.prank(owner);
        escrow.requestExit(buyer);
        vm.prank(alice);
        escrow.requestExit(other);
        vm.warp(block.timestamp + 7 days);
        vm.prank(owner);
        escrow.exit(buyer);
        vm.prank(alice);
        escrow.exit(other);
        assertEq(usdc.balanceOf(owner) + usdc.balanceOf(alice), 170e6, "all of it");
        _assertBacked();
    }

    /// @dev What defeats the exit: batches without service. Said in docs/security.md.
    function test_censorship_heartbeatsWithoutServiceKeepTheExitShut() public {
        vm.warp(block.timestamp + 13 days);
        _settle("", "", "");
        vm.warp(block.timestamp + 13 days);
        uint256 darkAt = block.timestamp + 1 days;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotDark.selector, darkAt, block.timestamp));
        vm.prank(owner);
        escrow.requestExit(buyer);
    }

    function _spend(uint64 amount) private {
        uint32 elsewhere = escrow.open(address(0xe15e), 0);
        IEscrowTypes.Transfer memory move =
            IEscrowTypes.Transfer(buyer, elsewhere, amount, MEMO, uint40(block.timestamp));
        bytes32 operation = keccak256(
            abi.encode(
                keccak256(
                    "Transfer(uint32 from,uint32 to,uint64 amount,bytes32 memo,uint96 nonce,uint40 deadline)"
                ),
                buyer,
                elsewhere,
                amount,
                MEMO,
                escrow.accountOf(buyer).nonce,
                move.deadline
            )
        );
        bytes memory clearance = _clear(operation, move.deadline);
        vm.prank(owner);
        escrow.transfer(move, "", clearance);
    }

    function _permitDigest(uint256 amount) private view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                owner,
                address(escrow),
                amount,
                usdc.nonces(owner),
                block.timestamp
            )
        );
        return keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), structHash));
    }
}
