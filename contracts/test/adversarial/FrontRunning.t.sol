// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev Somebody sees a permit or an ERC-3009 authorization before it is mined, and is faster. Guards that the payer's USDC
/// ends in the account that the payer meant, once, or stays with the payer.
contract FrontRunningTest is MovesTest {
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
    address private thief = address(0x7417f);

    function setUp() public override {
        super.setUp();
        usdc.mint(owner, 10e6);
    }

    // ==================================================== permits ====================================================

    function test_frontRunning_aUsedPermitIsNoObstacle() public {
        bytes memory signature = _permit(10e6);
        vm.prank(thief);
        usdc.permit(owner, address(escrow), 10e6, block.timestamp, signature);
        vm.prank(owner);
        escrow.depositWithPermit(owner, 0, 10e6, MEMO, block.timestamp, signature);
        assertEq(_balance(buyer), 110e6, "deposited");
    }

    /// @dev The allowance that a permit leaves behind serves nobody but who gave it: every rail pulls from its caller.
    function test_frontRunning_anAllowanceServesOnlyItsGiver() public {
        bytes memory signature = _permit(10e6);
        uint32 own = escrow.open(thief, 0);
        bytes memory short =
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(escrow), 0, 10e6);
        vm.startPrank(thief);
        usdc.permit(owner, address(escrow), 10e6, block.timestamp, signature);
        vm.expectRevert(short);
        escrow.deposit(own, 10e6, MEMO);
        vm.expectRevert(short);
        escrow.depositFor(thief, 0, 10e6, MEMO);
        vm.expectRevert(short);
        escrow.depositWithPermit(thief, 0, 10e6, MEMO, block.timestamp, signature);
        vm.stopPrank();
        assertEq(usdc.balanceOf(owner), 10e6, "still the owner's");
    }

    // =================================================== ERC-3009 ====================================================

    /// @dev `receiveWithAuthorization` works for its receiver alone, so nobody can bring the USDC in unbooked.
    function test_frontRunning_anAuthorizationCannotBeUsedAtTheToken() public {
        IEscrowTypes.AuthorizedDeposit memory input = _authorized();
        bytes32 nonce = _nonceOf(input);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(escrow)));
        vm.prank(thief);
        usdc.receiveWithAuthorization(owner, address(escrow), 10e6, 0, input.validBefore, nonce, input.signature);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        vm.prank(thief);
        usdc.transferWithAuthorization(owner, address(escrow), 10e6, 0, input.validBefore, nonce, input.signature);
        escrow.depositWithAuthorization(input);
        assertEq(_balance(buyer), 110e6, "booked");
    }

    /// @dev The signature binds account and memo; a copy credits whom the original would have credited.
    function test_frontRunning_aCopiedAuthorizationCreditsTheSameAccountOnce() public {
        IEscrowTypes.AuthorizedDeposit memory input = _authorized();
        IEscrowTypes.AuthorizedDeposit memory turned = _authorized();
        turned.owner = thief;
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        vm.prank(thief);
        escrow.depositWithAuthorization(turned);
        vm.prank(thief);
        assertEq(escrow.depositWithAuthorization(input), buyer, "the copy");
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, owner, _nonceOf(input))
        );
        escrow.depositWithAuthorization(input);
        assertEq(_balance(buyer), 110e6, "once");
        _assertBacked();
    }

    /// @dev Somebody opens accounts first, so that numbers differ from what was expected: the ref decides.
    function test_frontRunning_anOpeningDoesNotMoveADeposit() public {
        IEscrowTypes.AuthorizedDeposit memory input = _authorized();
        (input.owner, input.accountSalt) = (alice, "team");
        input.signature = _signed(RECEIVE, _nonceOf(input), input.validBefore);
        uint32 expected = escrow.nextId();
        vm.prank(thief);
        assertEq(escrow.open(thief, 0), expected, "the thief has that number");
        uint32 account = escrow.depositWithAuthorization(input);
        assertEq(escrow.ownerOf(account), alice, "alice's all the same");
        assertEq(_balance(account), 10e6, "credited");
        assertEq(_balance(expected), 0, "not the thief");
    }

    /// @dev The payer's rail names no account: a copy credits the payer.
    function test_frontRunning_aCopiedPaymentCreditsThePayer() public {
        IEscrowTypes.PayerDeposit memory input = _payment();
        vm.prank(thief);
        assertEq(escrow.depositFromPayer(input), buyer, "the payer's own account");
        assertEq(_balance(buyer), 110e6, "credited");
        assertEq(escrow.idOf(thief), 0, "the thief has not even an account");
    }

    /// @dev Executed at the token by somebody else, a payment is surplus: it can't be booked a second time as a deposit, and
    /// the attributor gives it to the payer, whom the transfer's log names, once.
    function test_frontRunning_aPaymentMadeAtTheTokenIsAttributedOnce() public {
        IEscrowTypes.PayerDeposit memory input = _payment();
        vm.prank(thief);
        usdc.transferWithAuthorization(
            owner, address(escrow), 10e6, 0, input.validBefore, input.nonce, input.signature
        );
        assertEq(escrow.surplus(), 10e6, "unbooked");
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, owner, input.nonce));
        escrow.depositFromPayer(input);
        vm.startPrank(attributor);
        escrow.attribute(buyer, 10e6, "block", 3);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.LogUsed.selector, bytes32("block"), 3));
        escrow.attribute(buyer, 10e6, "block", 3);
        vm.stopPrank();
        assertEq(_balance(buyer), 110e6, "once");
        _assertBacked();
    }

    /// @dev A cancelled authorization is used up for the token as well: that alone must credit nobody.
    function test_frontRunning_aCancelledPaymentCreditsNobody() public {
        IEscrowTypes.PayerDeposit memory input = _payment();
        bytes32 structHash = keccak256(abi.encode(CANCEL, owner, input.nonce));
        usdc.cancelAuthorization(owner, input.nonce, _sign(OWNER_KEY, _atToken(structHash)));
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, owner, input.nonce));
        escrow.depositFromPayer(input);
        assertEq(escrow.surplus(), 0, "nothing came in");
        assertEq(_balance(buyer), 100e6, "nobody was credited");
    }

    /// @dev Anybody may sweep a deposit address: what lies there has one way to go.
    function test_frontRunning_aSweepCreditsTheSameAccount() public {
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = escrow.refOf(owner, 0);
        usdc.mint(escrow.depositAddressOf(refs[0]), 10e6);
        vm.prank(thief);
        escrow.sweep(refs);
        assertEq(escrow.sweep(refs), 0, "swept already");
        assertEq(_balance(buyer), 110e6, "the owner's");
    }

    // ==================================================== internal ===================================================

    function _authorized() private view returns (IEscrowTypes.AuthorizedDeposit memory input) {
        input = IEscrowTypes.AuthorizedDeposit({
            owner: owner,
            accountSalt: 0,
            from: owner,
            amount: 10e6,
            validAfter: 0,
            validBefore: block.timestamp + 60,
            memo: MEMO,
            nonceSalt: "salt",
            signature: ""
        });
        input.signature = _signed(RECEIVE, _nonceOf(input), input.validBefore);
    }

    function _payment() private view returns (IEscrowTypes.PayerDeposit memory) {
        uint256 validBefore = block.timestamp + 60;
        bytes memory signature = _signed(TRANSFER, "nonce", validBefore);
        return IEscrowTypes.PayerDeposit(owner, 10e6, 0, validBefore, "nonce", signature);
    }

    function _nonceOf(IEscrowTypes.AuthorizedDeposit memory input) private pure returns (bytes32) {
        bytes32 ref = keccak256(abi.encode(input.owner, input.accountSalt));
        return keccak256(abi.encode(ref, input.memo, input.nonceSalt));
    }

    function _signed(bytes32 typehash, bytes32 nonce, uint256 validBefore) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(typehash, owner, address(escrow), 10e6, 0, validBefore, nonce));
        return _sign(OWNER_KEY, _atToken(structHash));
    }

    function _permit(uint256 amount) private view returns (bytes memory) {
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
        return _sign(OWNER_KEY, _atToken(structHash));
    }

    function _atToken(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), structHash));
    }
}
