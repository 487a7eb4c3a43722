// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @dev A buyer with 100 USDC of credit and an owner who can sign, a friend, and the clearer's signature.
abstract contract MovesTest is EscrowTest {
    uint256 internal constant OWNER_KEY = 0x0b4e5;
    address internal owner;
    address internal friendOwner = address(0xf41e4d);
    uint32 internal buyer;
    uint32 internal friend;

    function setUp() public virtual override {
        super.setUp();
        owner = vm.addr(OWNER_KEY);
        _deposit(platform, 100e6);
        buyer = _deposit(owner, 100e6);
        friend = escrow.open(friendOwner, 0);
    }

    // --------------------------------------------------- operations --------------------------------------------------

    /// @dev A transfer that is valid for a minute.
    function _move(uint32 from, uint32 to, uint64 amount) internal view returns (IEscrowTypes.Transfer memory) {
        return IEscrowTypes.Transfer(from, to, amount, MEMO, uint40(block.timestamp + 60));
    }

    function _operation(IEscrowTypes.Transfer memory move) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("Transfer(uint32 from,uint32 to,uint64 amount,bytes32 memo,uint96 nonce,uint40 deadline)"),
                move.from,
                move.to,
                move.amount,
                move.memo,
                escrow.accountOf(move.from).nonce,
                move.deadline
            )
        );
    }

    /// @dev A voucher that anybody may redeem for a day, to be made within a minute.
    function _order(uint32 from, address key, uint64 amount) internal view returns (IEscrowTypes.VoucherOrder memory) {
        uint40 time = uint40(block.timestamp);
        return IEscrowTypes.VoucherOrder(from, key, amount, 0, time + 1 days, time + 60);
    }

    function _operation(IEscrowTypes.VoucherOrder memory order) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "CreateVoucher(uint32 from,address key,uint64 amount,uint32 to,uint40 expiry,uint96 nonce,uint40 deadline)"
                ),
                order.from,
                order.key,
                order.amount,
                order.to,
                order.expiry,
                escrow.accountOf(order.from).nonce,
                order.deadline
            )
        );
    }

    function _operation(IEscrowTypes.Rotation memory rotation) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("RotateOwner(uint32 account,address owner,uint96 nonce,uint40 deadline)"),
                rotation.account,
                rotation.owner,
                escrow.accountOf(rotation.account).nonce,
                rotation.deadline
            )
        );
    }

    function _operation(IEscrowTypes.DayLimit memory limit) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("DayLimit(uint32 account,uint40 perDay,uint96 nonce,uint40 deadline)"),
                limit.account,
                limit.perDay,
                escrow.accountOf(limit.account).nonce,
                limit.deadline
            )
        );
    }

    /// @dev What a voucher's key signs for the account that is to get it: issuer, expiry and nonce are the open voucher's.
    function _redeemDigest(address key, uint32 to) internal view returns (bytes32) {
        return _redeemDigest(key, to, escrow.voucherOf(key));
    }

    /// @dev The same for a voucher that is not, or no longer, or was once under the key.
    function _redeemDigest(
        address key,
        uint32 to,
        IEscrowTypes.Voucher memory voucher
    ) internal view returns (bytes32) {
        bytes32 redeem = keccak256("Redeem(address key,uint32 to,uint32 from,uint40 expiry,uint96 nonce)");
        return _typed(keccak256(abi.encode(redeem, key, to, voucher.from, voucher.expiry, voucher.nonce)));
    }

    /// @dev What the order comes to if it is the next operation of its account.
    function _voucher(IEscrowTypes.VoucherOrder memory order) internal view returns (IEscrowTypes.Voucher memory) {
        uint96 nonce = escrow.accountOf(order.from).nonce;
        return IEscrowTypes.Voucher(order.amount, order.from, order.to, order.expiry, nonce);
    }

    // --------------------------------------------------- clearances --------------------------------------------------

    function _clearanceHash(bytes32 operation, uint40 deadline) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(keccak256("Clearance(bytes32 operation,uint40 deadline)"), operation, deadline)
        );
    }

    function _clear(bytes32 operation, uint40 deadline) internal view returns (bytes memory) {
        return _sign(CLEARER_KEY, _typed(_clearanceHash(operation, deadline)));
    }

    // ----------------------------------------------------- calling ---------------------------------------------------

    /// @dev A cleared transfer with an owner's signature, as a relayer sends it.
    function _transferData(
        IEscrowTypes.Transfer memory move,
        bytes memory ownerSignature
    ) internal view returns (bytes memory) {
        return abi.encodeCall(escrow.transfer, (move, ownerSignature, _clear(_operation(move), move.deadline)));
    }

    /// @dev A voucher is made by the owner, with clearance.
    function _createVoucher(IEscrowTypes.VoucherOrder memory order) internal {
        bytes memory clearance = _clear(_operation(order), order.deadline);
        address issuer = escrow.ownerOf(order.from);
        vm.prank(issuer);
        escrow.createVoucher(order, "", clearance);
    }

    function _invalid(address signer, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, signer, digest);
    }

    function _fails(bytes memory data, bytes memory reason) internal {
        (bool done, bytes memory given) = address(escrow).call(data);
        assertTrue(!done, "must fail");
        assertEq(keccak256(given), keccak256(reason), "for this reason");
    }

    function _succeeds(bytes memory data) internal {
        (bool done,) = address(escrow).call(data);
        assertTrue(done, "must succeed");
    }
}
