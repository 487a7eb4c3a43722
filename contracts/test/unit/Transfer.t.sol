// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";
import {SmartWallet} from "../support/Wallets.sol";

contract TransferTest is MovesTest {
    function test_transfer_movesCredit(uint64 amount) public {
        amount = uint64(bound(amount, 1, 100e6));
        IEscrowTypes.Transfer memory move = _move(amount);
        bytes32 operation = _hash(move);
        expectEvent(address(escrow));
        emit IEscrowTypes.Transferred(buyer, friend, amount, 0, MEMO);
        vm.prank(bob); // anybody may submit it
        escrow.transfer(move, _sign(OWNER_KEY, _typed(operation)), _clear(operation, move.deadline));

        assertEq(_balance(buyer), 100e6 - uint256(amount), "from");
        assertEq(_balance(friend), amount, "to");
        assertEq(escrow.accountOf(buyer).nonce, 1, "nonce");
        assertEq(escrow.liabilities(), 200e6, "liabilities are untouched");
        _assertBacked();
    }

    function test_transfer_ownerNeedsNoSignatureAsCaller() public {
        IEscrowTypes.Transfer memory move = _move(1e6);
        bytes memory clearance = _clear(_hash(move), move.deadline);
        vm.prank(owner);
        escrow.transfer(move, "", clearance);
        assertEq(_balance(friend), 1e6, "to");
    }

    function test_transfer_repaysDebtOfTheReceiver() public {
        _settle(1, friend, 5); // friend earns something, so that ids differ in role
        _deposit(friendOwner, 5e6);
        _settle(friend, 1, 6e6);
        assertEq(_debt(friend), 1e6, "debt");
        uint256 platformBefore = _balance(1);
        IEscrowTypes.Transfer memory move = _move(3e6);
        bytes32 operation = _hash(move);
        expectEvent(address(escrow));
        emit IEscrowTypes.Transferred(buyer, friend, 3e6, 1e6, MEMO);
        escrow.transfer(move, _sign(OWNER_KEY, _typed(operation)), _clear(operation, move.deadline));
        assertEq(_debt(friend), 0, "repaid");
        assertEq(_balance(friend), 2e6, "the rest");
        assertEq(_balance(1), platformBefore + 1e6, "account 1");
        _assertBacked();
    }

    function test_transfer_fromAndToAccountOne() public {
        IEscrowTypes.Transfer memory move = _move(4e6);
        move.to = 1;
        bytes32 operation = _hash(move);
        escrow.transfer(move, _sign(OWNER_KEY, _typed(operation)), _clear(operation, move.deadline));
        assertEq(_balance(1), 104e6, "to the platform");
        (move.from, move.to) = (1, buyer);
        bytes memory clearance = _clear(_hash(move), move.deadline);
        vm.prank(platform);
        escrow.transfer(move, "", clearance);
        assertEq(_balance(1), 100e6, "from the platform");
        _assertBacked();
    }

    function test_transfer_takesSmartWallets() public {
        address wallet = address(new SmartWallet(owner));
        uint32 account = _deposit(wallet, 5e6);
        IEscrowTypes.Transfer memory move = _move(1e6);
        move.from = account;
        bytes32 operation = _hash(move);
        bytes memory signature = bytes.concat(hex"01", _sign(OWNER_KEY, _typed(operation)));
        escrow.transfer(move, signature, _clear(operation, move.deadline));
        assertEq(_balance(friend), 1e6, "to");
    }

    // ==================================================== both keys ==================================================

    function test_transfer_revertsWithoutTheOwner() public {
        IEscrowTypes.Transfer memory move = _move(1e6);
        bytes32 operation = _hash(move);
        bytes memory clearance = _clear(operation, move.deadline);
        bytes memory stolen = _sign(CLEARER_KEY, _typed(operation));
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, owner, _typed(operation))
        );
        escrow.transfer(move, stolen, clearance);
    }

    function test_transfer_revertsWithoutClearance() public {
        IEscrowTypes.Transfer memory move = _move(1e6);
        bytes32 operation = _hash(move);
        bytes32 digest = _typed(_clearanceHash(operation, move.deadline));
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        bytes memory stolen = _sign(OWNER_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, clearer, digest));
        escrow.transfer(move, signature, stolen);
    }

    function test_transfer_revertsTheSecondTime() public {
        IEscrowTypes.Transfer memory move = _move(1e6);
        bytes32 operation = _hash(move);
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        bytes memory clearance = _clear(operation, move.deadline);
        escrow.transfer(move, signature, clearance);
        bytes32 next = _typed(_hash(move));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, owner, next));
        escrow.transfer(move, signature, clearance);
    }

    function test_transfer_revertsOnAnotherEscrow() public {
        IEscrowTypes.Transfer memory move = _move(1e6);
        bytes32 operation = _hash(move);
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        bytes memory clearance = _clear(operation, move.deadline);
        escrow = _deploy(settler);
        _deposit(platform, 5e6);
        _deposit(owner, 5e6);
        escrow.open(friendOwner, 0);
        bytes32 digest = _typed(operation);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, owner, digest));
        escrow.transfer(move, signature, clearance);
    }

    // ===================================================== bounds ====================================================

    function test_transfer_revertsAfterItsDeadline() public {
        IEscrowTypes.Transfer memory move = _move(1e6);
        move.deadline = uint40(block.timestamp - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEscrowTypes.DeadlinePassed.selector, block.timestamp - 1, block.timestamp
            )
        );
        escrow.transfer(move, "", "");
    }

    function test_transfer_revertsAboveTheBalance() public {
        IEscrowTypes.Transfer memory move = _move(100e6 + 1);
        bytes32 operation = _hash(move);
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        bytes memory clearance = _clear(operation, move.deadline);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.InsufficientBalance.selector, buyer, 100e6, 100e6 + 1)
        );
        escrow.transfer(move, signature, clearance);
    }

    function test_transfer_revertsForNothingForOneselfAndForUnknown() public {
        IEscrowTypes.Transfer memory move = _move(0);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 0, 1));
        escrow.transfer(move, "", "");
        move = _move(1);
        move.to = buyer;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.SameAccount.selector, buyer));
        escrow.transfer(move, "", "");
        move.from = 99;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 99));
        escrow.transfer(move, "", "");
        move = _move(1);
        move.to = 99;
        bytes32 operation = _hash(move);
        bytes memory clearance = _clear(operation, move.deadline);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 99));
        vm.prank(owner);
        escrow.transfer(move, "", clearance);
    }

    function _move(uint64 amount) private view returns (IEscrowTypes.Transfer memory) {
        return IEscrowTypes.Transfer(buyer, friend, amount, MEMO, uint40(block.timestamp + 60));
    }

    function _hash(IEscrowTypes.Transfer memory move) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "Transfer(uint32 from,uint32 to,uint64 amount,bytes32 memo,uint96 nonce,uint40 deadline)"
                ),
                move.from,
                move.to,
                move.amount,
                move.memo,
                escrow.accountOf(move.from).nonce,
                move.deadline
            )
        );
    }
}
