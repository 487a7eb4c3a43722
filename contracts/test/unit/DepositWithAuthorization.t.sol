// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";
import {SmartWallet} from "../support/Wallets.sol";

contract DepositWithAuthorizationTest is EscrowTest {
    uint256 private constant PAYER_KEY = 0x9a1e5;
    address private payer;

    function setUp() public override {
        super.setUp();
        payer = vm.addr(PAYER_KEY);
    }

    function test_depositWithAuthorization_opensAndCredits(uint64 amount, bytes32 salt, bytes32 nonceSalt) public {
        amount = uint64(bound(amount, 5e6, 1e15));
        vm.assume(salt != 0);
        usdc.mint(payer, amount);
        IEscrowTypes.AuthorizedDeposit memory input = _input(amount);
        (input.accountSalt, input.nonceSalt) = (salt, nonceSalt);
        input.signature = _signed(input);
        expectEvent(address(escrow));
        emit IEscrowTypes.AccountOpened(2, alice, keccak256(abi.encode(alice, salt)));
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(2, payer, IEscrowTypes.Rail.Authorization, amount, 0, MEMO);
        vm.prank(bob); // anybody may submit it
        uint32 account = escrow.depositWithAuthorization(input);

        assertEq(account, 2, "number");
        assertEq(_balance(account), amount, "balance");
        assertEq(usdc.balanceOf(payer), 0, "paid");
        _assertBacked();
    }

    function test_depositWithAuthorization_takesSmartWallets() public {
        address wallet = address(new SmartWallet(payer));
        usdc.mint(wallet, 5e6);
        IEscrowTypes.AuthorizedDeposit memory input = _input(5e6);
        input.from = wallet;
        input.signature = bytes.concat(hex"01", _signed(input));
        escrow.depositWithAuthorization(input);
        assertEq(_balance(2), 5e6, "balance");
    }

    function test_depositWithAuthorization_revertsWhenTurnedElsewhere() public {
        usdc.mint(payer, 20e6);
        IEscrowTypes.AuthorizedDeposit memory input = _input(10e6);
        input.signature = _signed(input);
        IEscrowTypes.AuthorizedDeposit memory forged = input;
        forged.owner = bob;
        _reverts(forged);
        forged.owner = alice;
        forged.accountSalt = "team";
        _reverts(forged);
        forged.accountSalt = 0;
        forged.memo = "other";
        _reverts(forged);
        forged.memo = MEMO;
        forged.amount = 20e6;
        _reverts(forged);
    }

    function test_depositWithAuthorization_revertsTheSecondTime() public {
        usdc.mint(payer, 20e6);
        IEscrowTypes.AuthorizedDeposit memory input = _input(10e6);
        input.signature = _signed(input);
        escrow.depositWithAuthorization(input);
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, payer, _nonce(input))
        );
        escrow.depositWithAuthorization(input);
    }

    function test_depositWithAuthorization_revertsOutsideItsTime() public {
        usdc.mint(payer, 10e6);
        IEscrowTypes.AuthorizedDeposit memory input = _input(10e6);
        input.validBefore = block.timestamp;
        input.signature = _signed(input);
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009.ERC3009InvalidAuthorizationTime.selector, 0, block.timestamp)
        );
        escrow.depositWithAuthorization(input);
    }

    function test_depositWithAuthorization_revertsBelowTheMinimum() public {
        IEscrowTypes.AuthorizedDeposit memory input = _input(5e6 - 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 5e6 - 1, 5e6));
        escrow.depositWithAuthorization(input);
    }

    function _reverts(IEscrowTypes.AuthorizedDeposit memory forged) private {
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.depositWithAuthorization(forged);
    }

    function _input(uint64 amount) private view returns (IEscrowTypes.AuthorizedDeposit memory) {
        return IEscrowTypes.AuthorizedDeposit({
            owner: alice,
            accountSalt: 0,
            from: payer,
            amount: amount,
            validAfter: 0,
            validBefore: block.timestamp + 1,
            memo: MEMO,
            nonceSalt: "salt",
            signature: ""
        });
    }

    function _nonce(IEscrowTypes.AuthorizedDeposit memory input) private pure returns (bytes32) {
        bytes32 ref = keccak256(abi.encode(input.owner, input.accountSalt));
        return keccak256(abi.encode(ref, input.memo, input.nonceSalt));
    }

    function _signed(IEscrowTypes.AuthorizedDeposit memory input) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                input.from,
                address(escrow),
                uint256(input.amount),
                input.validAfter,
                input.validBefore,
                _nonce(input)
            )
        );
        return _sign(PAYER_KEY, keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), structHash)));
    }
}
