// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev A pause refuses every function of its group, not only the one that is called most.
contract PausedTest is MovesTest {
    IEscrowTypes.Group private paused;
    uint40 private until;

    function setUp() public override {
        super.setUp();
        until = uint40(block.timestamp) + 1 days;
    }

    function test_paused_deposits() public {
        _pause(IEscrowTypes.Group.Deposits);
        _fund(owner, 10e6);
        _refused(owner, abi.encodeCall(escrow.deposit, (buyer, 5e6, MEMO)));
        _refused(owner, abi.encodeCall(escrow.depositFor, (owner, 0, 5e6, MEMO)));
        _refused(owner, abi.encodeCall(escrow.depositWithPermit, (owner, 0, 5e6, MEMO, until, "")));
        _refused(owner, abi.encodeCall(escrow.depositFromPayer, (IEscrowTypes.PayerDeposit(owner, 5e6, 0, until, 0, ""))));
    }

    function test_paused_moves() public {
        IEscrowTypes.VoucherOrder memory order = IEscrowTypes.VoucherOrder(buyer, address(1), 1e6, 0, until, until);
        _pause(IEscrowTypes.Group.Moves);
        _refused(owner, abi.encodeCall(escrow.transfer, (IEscrowTypes.Transfer(buyer, friend, 1e6, 0, until), "", "")));
        _refused(owner, abi.encodeCall(escrow.createVoucher, (order, "", "")));
        _refused(owner, abi.encodeCall(escrow.redeemVoucher, (address(1), friend, "")));
        _refused(owner, abi.encodeCall(escrow.rotateOwner, (IEscrowTypes.Rotation(buyer, bob, until), "", "", "")));
    }

    function test_paused_settlement() public {
        _pause(IEscrowTypes.Group.Settlement);
        _refused(owner, abi.encodeCall(escrow.settle, (_batch("", "", ""), "")));
    }

    function test_paused_payouts() public {
        _pause(IEscrowTypes.Group.Payouts);
        _refused(owner, abi.encodeCall(escrow.withdraw, (buyer, 10e6)));
        _refused(owner, abi.encodeCall(escrow.payout, (new uint32[](1))));
        _refused(owner, abi.encodeCall(escrow.convertEarnings, (buyer, 1e6)));
    }

    function _pause(IEscrowTypes.Group group) private {
        paused = group;
        vm.prank(guardian);
        escrow.pause(group, until);
    }

    function _refused(address by, bytes memory data) private {
        vm.prank(by);
        (bool done, bytes memory result) = address(escrow).call(data);
        assertTrue(!done, "refused");
        bytes memory reason = abi.encodeWithSelector(IEscrowTypes.Paused.selector, paused, until);
        assertEq(keccak256(result), keccak256(reason), "because of the pause");
    }
}
