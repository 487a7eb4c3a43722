// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";
import {CreditEscrow} from "../../src/CreditEscrow.sol";
import {ICreditEscrow} from "../../src/interfaces/ICreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {Test} from "./Test.sol";

/// @dev An escrow with its roles, and the few things that nearly every test does.
abstract contract EscrowTest is Test {
    uint256 internal constant SETTLER_KEY = 0x5e77;
    uint256 internal constant CLEARER_KEY = 0xc1ea;
    uint64 internal constant CAPACITY = 250_000e6;
    uint40 internal constant WINDOW = 1 days;
    uint32 internal constant PLATFORM_ID = 1;
    bytes32 internal constant MEMO = "memo";

    TestUSDC internal usdc;
    ICreditEscrow internal escrow;
    address internal platform = address(0x1001);
    address internal alice = address(0xa11ce);
    address internal bob = address(0xb0b);
    address internal attributor = address(0xa77);
    address internal guardian = address(0x6a4d);
    address internal governor = address(0x60f);
    address internal settler;
    address internal clearer;

    function setUp() public virtual {
        _start();
    }

    function _start() internal {
        vm.warp(1_795_000_000);
        settler = vm.addr(SETTLER_KEY);
        clearer = vm.addr(CLEARER_KEY);
        usdc = new TestUSDC();
        escrow = _deploy(settler);
    }

    function _deploy(address settler_) internal returns (ICreditEscrow) {
        CreditEscrow.Setup memory setup = _setup();
        setup.settler = settler_;
        return _deploy(setup);
    }

    function _deploy(CreditEscrow.Setup memory setup) internal returns (ICreditEscrow) {
        return ICreditEscrow(address(new CreditEscrow(setup)));
    }

    function _setup() internal view returns (CreditEscrow.Setup memory) {
        return CreditEscrow.Setup({
            usdc: address(usdc),
            platform: platform,
            settler: settler,
            clearer: clearer,
            attributor: attributor,
            guardian: guardian,
            governor: governor,
            payoutPolicy: address(0),
            capacity: CAPACITY,
            window: WINDOW
        });
    }

    // ---------------------------------------------------- deposits ---------------------------------------------------

    function _fund(address payer, uint256 amount) internal {
        usdc.mint(payer, amount);
        vm.prank(payer);
        usdc.approve(address(escrow), amount);
    }

    /// @dev Credit for an owner's primary account.
    function _deposit(address owner, uint64 amount) internal returns (uint32 account) {
        _fund(owner, amount);
        vm.prank(owner);
        account = escrow.depositFor(owner, 0, amount, MEMO);
    }

    // --------------------------------------------------- settlement --------------------------------------------------

    function _line(uint256 id, uint256 amount) internal pure returns (bytes memory) {
        return abi.encodePacked(uint32(id), uint40(amount));
    }

    /// @dev The next batch, valid but for what the caller changes.
    function _batch(
        bytes memory debits,
        bytes memory credits,
        bytes memory referrals
    ) internal view returns (IEscrowTypes.Batch memory batch) {
        (uint64 seq, bytes32 prev,) = escrow.nextBatch();
        batch = IEscrowTypes.Batch({
            seq: seq,
            prev: prev,
            receiptsRoot: keccak256(abi.encode("receipts", seq)),
            periodEnd: uint40(block.timestamp),
            deadline: uint40(block.timestamp + 60),
            debits: debits,
            credits: credits,
            referrals: referrals
        });
    }

    function _digest(IEscrowTypes.Batch memory batch) internal view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Settlement(uint64 seq,bytes32 prev,bytes32 receiptsRoot,uint40 periodEnd,uint40 deadline,bytes debits,bytes credits,bytes referrals)"
                ),
                batch.seq,
                batch.prev,
                batch.receiptsRoot,
                batch.periodEnd,
                batch.deadline,
                keccak256(batch.debits),
                keccak256(batch.credits),
                keccak256(batch.referrals)
            )
        );
        return _typed(structHash);
    }

    function _typed(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("CreditEscrow"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _settle(bytes memory debits, bytes memory credits, bytes memory referrals) internal {
        IEscrowTypes.Batch memory batch = _batch(debits, credits, referrals);
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
    }

    /// @dev One account pays one operator.
    function _settle(uint256 account, uint256 operator, uint256 amount) internal {
        _settle(_line(account, amount), _line(operator, amount), "");
    }

    /// @dev Settles a batch that has to fail with this error.
    function _settleReverts(IEscrowTypes.Batch memory batch, bytes memory reason) internal {
        bytes memory signature = _sign(SETTLER_KEY, _digest(batch));
        vm.expectRevert(reason);
        escrow.settle(batch, signature);
    }

    // ----------------------------------------------------- reading ---------------------------------------------------

    function _balance(uint32 account) internal view returns (uint256) {
        return escrow.accountOf(account).balance;
    }

    function _debt(uint32 account) internal view returns (uint256) {
        return escrow.accountOf(account).debt;
    }

    /// @dev All that an earner has, held or not.
    function _earned(uint32 earner) internal view returns (uint256) {
        IEscrowTypes.Earner memory state = escrow.earnerOf(earner);
        return uint256(state.available) + state.previous + state.current;
    }

    /// @dev I1: what is held covers what is owed, and what is owed is what accounts and earners have.
    function _assertBacked() internal view {
        uint256 sum;
        for (uint32 id = 1; id < escrow.nextId(); ++id) sum += _balance(id) + _earned(id);
        assertEq(escrow.liabilities(), sum, "liabilities are what accounts and earners have");
        assertTrue(usdc.balanceOf(address(escrow)) >= sum, "USDC covers liabilities");
    }
}
