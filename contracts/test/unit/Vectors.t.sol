// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {Lines} from "../../src/libraries/Lines.sol";
import {Receipts} from "../../src/libraries/Receipts.sol";
import {TypedHashes} from "../../src/libraries/TypedHashes.sol";
import {Test} from "../support/Test.sol";

/// @dev `packages/protocol/vectors/vectors.json` was written by TypeScript: Solidity has to arrive at the same bytes.
contract VectorsTest is Test {
    string private json;

    function setUp() public {
        json = vm.readFile("packages/protocol/vectors/vectors.json");
    }

    function test_lines_readAsWritten() public view {
        string[3] memory kinds = ["debits", "credits", "referrals"];
        uint256[3] memory counts = [uint256(3), 2, 1];
        for (uint256 i = 0; i < kinds.length; ++i) {
            bytes memory lines = vm.parseJsonBytes(json, string.concat(".lines.encoded.", kinds[i]));
            this.checkLines(lines, string.concat(".lines.", kinds[i]), counts[i]);
        }
    }

    function checkLines(bytes calldata lines, string calldata path, uint256 count) external view {
        (uint256 cursor, uint256 end) = Lines.bounds(lines);
        assertEq((end - cursor) / Lines.SIZE, count, "number of lines");
        uint256 id;
        for (uint256 i = 0; cursor < end; cursor += Lines.SIZE) {
            uint256 amount;
            (id, amount) = Lines.read(cursor, id);
            string memory key = string.concat(path, "[", vm.toString(i++), "]");
            assertEq(id, vm.parseJsonUint(json, string.concat(key, ".id")), "id");
            assertEq(amount, vm.parseJsonUint(json, string.concat(key, ".amount")), "amount");
        }
    }

    function test_deposit_refAndNonce() public view {
        bytes32 ref = TypedHashes.accountRef(
            vm.parseJsonAddress(json, ".deposit.owner"), vm.parseJsonBytes32(json, ".deposit.salt")
        );
        assertEq(ref, vm.parseJsonBytes32(json, ".deposit.ref"), "ref");
        bytes32 nonce = TypedHashes.authorizationNonce(
            ref, vm.parseJsonBytes32(json, ".deposit.memo"), vm.parseJsonBytes32(json, ".deposit.nonceSalt")
        );
        assertEq(nonce, vm.parseJsonBytes32(json, ".deposit.nonce"), "nonce");
    }

    function test_settlement_digest() public view {
        string memory key = ".settlement.batch.";
        bytes32 digest = this.hashBatch(
            IEscrowTypes.Batch({
                seq: uint64(vm.parseJsonUint(json, string.concat(key, "seq"))),
                prev: vm.parseJsonBytes32(json, string.concat(key, "prev")),
                receiptsRoot: vm.parseJsonBytes32(json, string.concat(key, "receiptsRoot")),
                periodEnd: uint40(vm.parseJsonUint(json, string.concat(key, "periodEnd"))),
                deadline: uint40(vm.parseJsonUint(json, string.concat(key, "deadline"))),
                debits: vm.parseJsonBytes(json, string.concat(key, "debits")),
                credits: vm.parseJsonBytes(json, string.concat(key, "credits")),
                referrals: vm.parseJsonBytes(json, string.concat(key, "referrals"))
            })
        );
        digest = keccak256(abi.encodePacked(hex"1901", _domain(), digest));
        assertEq(digest, vm.parseJsonBytes32(json, ".settlement.digest"), "digest");
        assertEq(
            bytes32((uint256(digest) >> 40) << 40), vm.parseJsonBytes32(json, ".settlement.storedDigest"), "stored"
        );
    }

    function hashBatch(IEscrowTypes.Batch calldata batch) external pure returns (bytes32) {
        return TypedHashes.settlement(batch);
    }

    function test_operations_hashes() public view {
        string memory m = ".operations.messages.";
        uint40 deadline = uint40(vm.parseJsonUint(json, string.concat(m, "Transfer.deadline")));
        uint40 expiry = uint40(vm.parseJsonUint(json, string.concat(m, "Redeem.expiry")));
        address key = vm.parseJsonAddress(json, string.concat(m, "Redeem.key"));
        address owner = vm.parseJsonAddress(json, string.concat(m, "RotateOwner.owner"));
        bytes32 memo = vm.parseJsonBytes32(json, string.concat(m, "Transfer.memo"));
        bytes32 operation = this.hashTransfer(IEscrowTypes.Transfer(42, 77, 1_234_567, memo, deadline));
        _assertHash("Transfer", operation);
        _assertHash(
            "CreateVoucher",
            this.hashVoucher(IEscrowTypes.VoucherOrder(42, key, 25e6, 0, expiry, deadline))
        );
        _assertHash("Redeem", TypedHashes.redeem(key, 77, 42, expiry, 5));
        _assertHash("DayLimit", this.hashDayLimit(IEscrowTypes.DayLimit(42, 500e6, deadline)));
        _assertHash("RotateOwner", this.hashRotation(IEscrowTypes.Rotation(42, owner, deadline)));
        bytes32 digest = keccak256(
            abi.encodePacked(hex"1901", _domain(), TypedHashes.clearance(operation, deadline))
        );
        assertEq(digest, vm.parseJsonBytes32(json, ".operations.clearanceDigest"), "clearance");
    }

    function _assertHash(string memory name, bytes32 actual) private view {
        assertEq(actual, vm.parseJsonBytes32(json, string.concat(".operations.hashes.", name)), name);
    }

    function hashTransfer(IEscrowTypes.Transfer calldata move) external pure returns (bytes32) {
        return TypedHashes.transfer(move, 5);
    }

    function hashVoucher(IEscrowTypes.VoucherOrder calldata order) external pure returns (bytes32) {
        return TypedHashes.createVoucher(order, 5);
    }

    function hashDayLimit(IEscrowTypes.DayLimit calldata limit) external pure returns (bytes32) {
        return TypedHashes.dayLimit(limit, 5);
    }

    function hashRotation(IEscrowTypes.Rotation calldata rotation) external pure returns (bytes32) {
        return TypedHashes.rotateOwner(rotation, 5);
    }

    function _domain() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("CreditEscrow"),
                keccak256("1"),
                vm.parseJsonUint(json, ".settlement.at.chainId"),
                vm.parseJsonAddress(json, ".settlement.at.escrow")
            )
        );
    }

    function test_vouchers_keysOfCodes() public view {
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        for (uint256 i = 0; i < 3; ++i) {
            string memory path = string.concat(".vouchers[", vm.toString(i), "].");
            string memory code = vm.parseJsonString(json, string.concat(path, "code"));
            bytes memory secret = vm.parseJsonBytes(json, string.concat(path, "serverSecret"));
            uint256 key = uint256(keccak256(abi.encodePacked("infr voucher v1", code, secret))) % order;
            assertEq(bytes32(key), vm.parseJsonBytes32(json, string.concat(path, "privateKey")), "private key");
            assertEq(vm.addr(key), vm.parseJsonAddress(json, string.concat(path, "address")), "address");
        }
    }

    function test_memos_suffix() public view {
        uint256 chainId = vm.parseJsonUint(json, ".memos.at.chainId");
        address escrow = vm.parseJsonAddress(json, ".memos.at.escrow");
        uint32 account = uint32(vm.parseJsonUint(json, ".memos.account"));
        bytes4 checksum = bytes4(keccak256(abi.encodePacked("infr memo v1", chainId, escrow, account)));
        bytes memory suffix =
            abi.encodePacked(account, checksum, hex"f1", hex"80218021802180218021802180218021");
        assertEq(keccak256(suffix), keccak256(vm.parseJsonBytes(json, ".memos.suffix")), "suffix");
        bytes memory transfer = abi.encodeWithSignature(
            "transfer(address,uint256)", escrow, vm.parseJsonUint(json, ".memos.amount")
        );
        assertEq(
            keccak256(bytes.concat(transfer, suffix)),
            keccak256(vm.parseJsonBytes(json, ".memos.readAsAccount[0]")),
            "calldata"
        );
    }

    function test_receipts_leavesAndProofs() public view {
        bytes32 root = vm.parseJsonBytes32(json, ".receipts.root");
        for (uint256 i = 0; i < 8; ++i) {
            string memory claim = string.concat(".receipts.claims[", vm.toString(i), "].");
            Receipts.Receipt memory receipt = _receipt(string.concat(claim, "receipt."));
            Receipts.AccountLeaf memory account = _account(string.concat(claim, "account."));
            Receipts.Proof memory receiptProof = _proof(string.concat(claim, "receiptProof."));
            Receipts.Proof memory accountProof = _proof(string.concat(claim, "accountProof."));
            assertEq(
                Receipts.receiptLeaf(receipt),
                vm.parseJsonBytes32(json, string.concat(claim, "receiptLeaf")),
                "receipt leaf"
            );
            assertEq(
                Receipts.accountLeaf(account),
                vm.parseJsonBytes32(json, string.concat(claim, "accountLeaf")),
                "account leaf"
            );
            assertTrue(Receipts.verify(root, receipt, receiptProof, account, accountProof), "verifies");
            _refusesForgeries(root, receipt, receiptProof, account, accountProof);
        }
    }

    function _refusesForgeries(
        bytes32 root,
        Receipts.Receipt memory receipt,
        Receipts.Proof memory receiptProof,
        Receipts.AccountLeaf memory account,
        Receipts.Proof memory accountProof
    ) private pure {
        receipt.cost += 1;
        assertTrue(!Receipts.verify(root, receipt, receiptProof, account, accountProof), "another cost");
        receipt.cost -= 1;
        account.count += 1;
        assertTrue(!Receipts.verify(root, receipt, receiptProof, account, accountProof), "another count");
        account.count -= 1;
        uint32 index = accountProof.index;
        accountProof.index = (index + 1) % accountProof.count;
        assertTrue(!Receipts.verify(root, receipt, receiptProof, account, accountProof), "another place");
        accountProof.index = accountProof.count;
        assertTrue(!Receipts.verify(root, receipt, receiptProof, account, accountProof), "no such place");
        accountProof.index = index;
        delete accountProof.siblings;
        assertTrue(!Receipts.verify(root, receipt, receiptProof, account, accountProof), "a short proof");
    }

    function _receipt(string memory key) private view returns (Receipts.Receipt memory receipt) {
        receipt.requestId = keccak256(bytes(vm.parseJsonString(json, string.concat(key, "requestId"))));
        receipt.accountCommitment = vm.parseJsonBytes32(json, string.concat(key, "accountCommitment"));
        receipt.operator = uint32(vm.parseJsonUint(json, string.concat(key, "operator")));
        receipt.model = keccak256(bytes(vm.parseJsonString(json, string.concat(key, "model"))));
        receipt.priceVersion = vm.parseJsonBytes32(json, string.concat(key, "priceVersion"));
        receipt.promptTokens = uint64(vm.parseJsonUint(json, string.concat(key, "promptTokens")));
        receipt.cachedTokens = uint64(vm.parseJsonUint(json, string.concat(key, "cachedTokens")));
        receipt.completionTokens = uint64(vm.parseJsonUint(json, string.concat(key, "completionTokens")));
        receipt.reasoningTokens = uint64(vm.parseJsonUint(json, string.concat(key, "reasoningTokens")));
        receipt.units = uint64(vm.parseJsonUint(json, string.concat(key, "units")));
        receipt.cost = uint64(vm.parseJsonUint(json, string.concat(key, "cost")));
        receipt.platformPaid = uint64(vm.parseJsonUint(json, string.concat(key, "platformPaid")));
        bytes32 source = keccak256(bytes(vm.parseJsonString(json, string.concat(key, "usageSource"))));
        receipt.usageSource = source == keccak256("node") ? 0 : source == keccak256("recount") ? 1 : 2;
        receipt.time = uint40(vm.parseJsonUint(json, string.concat(key, "time")));
    }

    function _account(string memory key) private view returns (Receipts.AccountLeaf memory leaf) {
        leaf.account = uint32(vm.parseJsonUint(json, string.concat(key, "account")));
        leaf.previousSeq = uint64(vm.parseJsonUint(json, string.concat(key, "previousSeq")));
        leaf.line = uint64(vm.parseJsonUint(json, string.concat(key, "line")));
        leaf.platformPaid = uint64(vm.parseJsonUint(json, string.concat(key, "platformPaid")));
        leaf.carryIn = uint16(vm.parseJsonUint(json, string.concat(key, "carryIn")));
        leaf.carryOut = uint16(vm.parseJsonUint(json, string.concat(key, "carryOut")));
        leaf.count = uint32(vm.parseJsonUint(json, string.concat(key, "count")));
        leaf.subRoot = vm.parseJsonBytes32(json, string.concat(key, "subRoot"));
    }

    function _proof(string memory key) private view returns (Receipts.Proof memory proof) {
        proof.index = uint32(vm.parseJsonUint(json, string.concat(key, "index")));
        proof.count = uint32(vm.parseJsonUint(json, string.concat(key, "count")));
        proof.siblings = vm.parseJsonBytes32Array(json, string.concat(key, "proof"));
    }
}
