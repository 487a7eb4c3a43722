// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GiftShop} from "../../examples/GiftShop.sol";
import {VoucherRedeemer} from "../../examples/VoucherRedeemer.sol";
import {ICreditEscrow} from "../../src/interfaces/ICreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {TypedHashes} from "../../src/libraries/TypedHashes.sol";
import {MovesTest} from "../support/MovesTest.sol";

contract ExamplesTest is MovesTest {
    uint256 private constant VOUCHER_KEY = 0xc0de;

    function test_gift_depositsForAFriend() external {
        GiftShop shop = new GiftShop(escrow);
        usdc.mint(alice, 20e6);
        vm.prank(alice);
        usdc.approve(address(shop), 20e6);
        vm.prank(alice);
        uint32 account = shop.gift(bob, 20e6, MEMO);
        assertEq(escrow.ownerOf(account), bob, "the friend's account");
        assertEq(_balance(account), 20e6, "credit");
        assertEq(usdc.balanceOf(address(shop)), 0, "nothing stays in the shop");
    }

    function test_gift_revertsBelowTheMinimum() external {
        GiftShop shop = new GiftShop(escrow);
        usdc.mint(alice, 1e6);
        vm.prank(alice);
        usdc.approve(address(shop), 1e6);
        vm.expectRevert(abi.encodeWithSignature("AmountBelowMinimum(uint256,uint256)", 1e6, 5e6));
        vm.prank(alice);
        shop.gift(bob, 1e6, MEMO);
    }

    function test_redeem_creditsTheContractsAccount() external {
        VoucherRedeemer redeemer = new VoucherRedeemer(escrow);
        address key = vm.addr(VOUCHER_KEY);
        uint40 expiry = uint40(block.timestamp + 1 days);
        _createVoucher(key, 7e6, expiry);

        bytes32 hash = TypedHashes.redeem(key, redeemer.ACCOUNT(), buyer, expiry, 0);
        uint64 amount = redeemer.redeem(key, _sign(VOUCHER_KEY, _typed(hash)));
        assertEq(amount, 7e6, "what the voucher was worth");
        assertEq(_balance(redeemer.ACCOUNT()), 7e6, "credit");
    }

    function test_redeem_revertsWithASignatureForAnother() external {
        VoucherRedeemer redeemer = new VoucherRedeemer(escrow);
        address key = vm.addr(VOUCHER_KEY);
        uint40 expiry = uint40(block.timestamp + 1 days);
        _createVoucher(key, 7e6, expiry);
        bytes memory forFriend = _sign(VOUCHER_KEY, _typed(TypedHashes.redeem(key, friend, buyer, expiry, 0)));
        bytes32 digest = _typed(TypedHashes.redeem(key, redeemer.ACCOUNT(), buyer, expiry, 0));
        vm.expectRevert(abi.encodeWithSignature("InvalidSignature(address,bytes32)", key, digest));
        redeemer.redeem(key, forFriend);
    }

    function _createVoucher(address key, uint64 amount, uint40 expiry) private {
        uint40 deadline = uint40(block.timestamp + 60);
        IEscrowTypes.VoucherOrder memory order =
            IEscrowTypes.VoucherOrder(buyer, key, amount, 0, expiry, deadline);
        bytes32 operation = keccak256(
            abi.encode(TypedHashes.CREATE_VOUCHER, buyer, key, amount, 0, expiry, uint96(0), deadline)
        );
        bytes memory clearance = _clear(operation, deadline);
        vm.prank(owner);
        escrow.createVoucher(order, "", clearance);
    }
}
