// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {DepositForwarder} from "../../src/periphery/DepositForwarder.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract DepositWithPermitTest is EscrowTest {
    uint256 private constant KEY = 0x9a1e5;
    address private payer;

    function setUp() public override {
        super.setUp();
        payer = vm.addr(KEY);
        usdc.mint(payer, 20e6);
    }

    function test_depositWithPermit_needsNoAllowance() public {
        bytes memory signature = _permit(10e6);
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(2, payer, IEscrowTypes.Rail.Permit, 10e6, 0, MEMO);
        vm.prank(payer);
        uint32 account = escrow.depositWithPermit(alice, 0, 10e6, MEMO, block.timestamp, signature);
        assertEq(_balance(account), 10e6, "balance");
        _assertBacked();
    }

    function test_depositWithPermit_goesOnWhenThePermitWasUsedBefore() public {
        bytes memory signature = _permit(10e6);
        usdc.permit(payer, address(escrow), 10e6, block.timestamp, signature);
        vm.prank(payer);
        escrow.depositWithPermit(alice, 0, 10e6, MEMO, block.timestamp, signature);
        assertEq(_balance(2), 10e6, "balance");
    }

    function test_depositWithPermit_revertsForOthers() public {
        bytes memory signature = _permit(10e6);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(escrow), 0, 10e6)
        );
        vm.prank(bob);
        escrow.depositWithPermit(bob, 0, 10e6, MEMO, block.timestamp, signature);
    }

    function test_depositWithPermit_revertsBelowTheMinimum() public {
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 5e6 - 1, 5e6));
        escrow.depositWithPermit(alice, 0, 5e6 - 1, MEMO, block.timestamp, "");
    }

    function _permit(uint256 value) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                payer,
                address(escrow),
                value,
                usdc.nonces(payer),
                block.timestamp
            )
        );
        return _sign(KEY, keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), structHash)));
    }
}

contract DepositFromPayerTest is EscrowTest {
    uint256 private constant KEY = 0x9a1e5;
    address private payer;

    function setUp() public override {
        super.setUp();
        payer = vm.addr(KEY);
        usdc.mint(payer, 20e6);
    }

    function test_depositFromPayer_creditsThePayersOwnAccount(bytes32 nonce, address submitter) public {
        IEscrowTypes.PayerDeposit memory input = _input(1e6, nonce);
        expectEvent(address(escrow));
        emit IEscrowTypes.AccountOpened(2, payer, keccak256(abi.encode(payer, bytes32(0))));
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(2, payer, IEscrowTypes.Rail.Payer, 1e6, 0, nonce);
        vm.prank(submitter);
        escrow.depositFromPayer(input);
        assertEq(_balance(escrow.idOf(payer)), 1e6, "balance");
        _assertBacked();
    }

    function test_depositFromPayer_revertsWhenExecutedAtTheTokenBefore() public {
        IEscrowTypes.PayerDeposit memory input = _input(1e6, "nonce");
        usdc.transferWithAuthorization(
            payer, address(escrow), 1e6, input.validAfter, input.validBefore, "nonce", input.signature
        );
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, payer, bytes32("nonce"))
        );
        escrow.depositFromPayer(input);
        assertEq(escrow.liabilities(), 0, "the surplus is nobody's credit");
    }

    function test_depositFromPayer_revertsWhenCancelled() public {
        IEscrowTypes.PayerDeposit memory input = _input(1e6, "nonce");
        bytes32 structHash = keccak256(
            abi.encode(keccak256("CancelAuthorization(address authorizer,bytes32 nonce)"), payer, bytes32("nonce"))
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), structHash));
        usdc.cancelAuthorization(payer, "nonce", _sign(KEY, digest));
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, payer, bytes32("nonce"))
        );
        escrow.depositFromPayer(input);
    }

    function test_depositFromPayer_revertsBelowTheMinimum() public {
        IEscrowTypes.PayerDeposit memory input = _input(1e6 - 1, "nonce");
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 1e6 - 1, 1e6));
        escrow.depositFromPayer(input);
    }

    function _input(uint64 amount, bytes32 nonce) private view returns (IEscrowTypes.PayerDeposit memory input) {
        uint256 validBefore = block.timestamp + 1;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                payer,
                address(escrow),
                uint256(amount),
                uint256(0),
                validBefore,
                nonce
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), structHash));
        return IEscrowTypes.PayerDeposit(payer, amount, 0, validBefore, nonce, _sign(KEY, digest));
    }
}

contract SweepTest is EscrowTest {
    function test_sweep_booksWhatArrivedBeforeTheOpening(uint64 amount, bytes32 salt) public {
        amount = uint64(bound(amount, 5e6, 1e15));
        vm.assume(salt != 0);
        bytes32 ref = keccak256(abi.encode(alice, salt));
        address depositAddress = escrow.depositAddressOf(ref);
        usdc.mint(depositAddress, amount);
        uint32 account = escrow.open(alice, salt);

        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(account, depositAddress, IEscrowTypes.Rail.Address, amount, 0, 0);
        assertEq(_sweep(ref), amount, "swept");
        assertEq(_balance(account), amount, "balance");
        assertEq(usdc.balanceOf(depositAddress), 0, "nothing stays there");
        _assertBacked();

        usdc.mint(depositAddress, 6e6);
        assertEq(_sweep(ref), 6e6, "again");
    }

    function test_sweep_letsSmallAmountsAddUp() public {
        escrow.open(alice, 0);
        bytes32 ref = escrow.refOf(alice, 0);
        address depositAddress = escrow.depositAddressOf(ref);
        usdc.mint(depositAddress, 3e6);
        assertEq(_sweep(ref), 0, "too little");
        usdc.mint(depositAddress, 2e6);
        assertEq(_sweep(ref), 5e6, "enough");
    }

    function test_sweep_takesManyAndRepeatedRefs() public {
        bytes32[] memory refs = new bytes32[](3);
        (uint32 first, uint32 second) = (escrow.open(alice, 0), escrow.open(bob, 0));
        (refs[0], refs[1]) = (escrow.refOf(alice, 0), escrow.refOf(bob, 0));
        refs[2] = refs[0];
        usdc.mint(escrow.depositAddressOf(refs[0]), 7e6);
        usdc.mint(escrow.depositAddressOf(refs[1]), 8e6);
        assertEq(escrow.sweep(refs), 15e6, "both, each once");
        assertEq(_balance(first), 7e6, "alice");
        assertEq(_balance(second), 8e6, "bob");
    }

    function test_sweep_revertsForUnknownRefs(bytes32 ref) public {
        vm.assume(escrow.idOfRef(ref) == 0);
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = ref;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownRef.selector, ref));
        escrow.sweep(refs);
    }

    function test_forward_revertsForOthers(address caller) public {
        vm.assume(caller != address(escrow));
        escrow.open(alice, 0);
        bytes32 ref = escrow.refOf(alice, 0);
        address depositAddress = escrow.depositAddressOf(ref);
        usdc.mint(depositAddress, 5e6);
        _sweep(ref);
        usdc.mint(depositAddress, 5e6);
        vm.expectRevert(abi.encodeWithSelector(DepositForwarder.NotEscrow.selector, caller));
        vm.prank(caller);
        DepositForwarder(depositAddress).forward(5e6);
    }

    function _sweep(bytes32 ref) private returns (uint256) {
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = ref;
        return escrow.sweep(refs);
    }
}
