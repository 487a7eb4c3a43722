// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {Receipts} from "../../src/libraries/Receipts.sol";
import {EscrowLens} from "../../src/periphery/EscrowLens.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract EscrowLensTest is EscrowTest {
    EscrowLens private lens;
    uint32 private buyer;

    function setUp() public override {
        super.setUp();
        lens = new EscrowLens(escrow);
        buyer = _deposit(alice, 100e6);
    }

    function test_verifyReceipt_ofALiveBatchOnly() public {
        Receipts.Receipt memory receipt;
        (receipt.requestId, receipt.cost) = ("request", 1_000_000_000);
        Receipts.AccountLeaf memory leaf;
        (leaf.account, leaf.line, leaf.count) = (buyer, 1e6, 1);
        leaf.subRoot = Receipts.receiptLeaf(receipt);
        Receipts.Proof memory only = Receipts.Proof(0, 1, new bytes32[](0));

        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(1, 1e6), "");
        batch.receiptsRoot = Receipts.rootOf(1, Receipts.accountLeaf(leaf));
        EscrowLens.Header memory header = _header(batch);
        assertTrue(!lens.verifyReceipt(header, receipt, only, leaf, only), "not settled yet");
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
        assertTrue(lens.verifyReceipt(header, receipt, only, leaf, only), "settled");

        receipt.cost += 1;
        assertTrue(!lens.verifyReceipt(header, receipt, only, leaf, only), "another cost");
        receipt.cost -= 1;
        header.receiptsRoot = "another";
        assertTrue(!lens.verifyReceipt(header, receipt, only, leaf, only), "another root");
        header = _header(batch);
        header.seq = 2;
        assertTrue(!lens.verifyReceipt(header, receipt, only, leaf, only), "another batch");

        vm.prank(guardian);
        escrow.pause(IEscrowTypes.Group.Settlement, uint40(block.timestamp + 1));
        vm.prank(guardian);
        escrow.void(batch);
        assertTrue(!lens.verifyReceipt(_header(batch), receipt, only, leaf, only), "undone");
    }

    function test_reads_asTheEscrowGivesThem() public {
        _settle(buyer, 1, 10e6);
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (buyer, 1);
        assertEq(lens.accountsOf(ids)[0].balance, 90e6, "account");
        assertEq(lens.earnersOf(ids)[1].current, 10e6, "earner");
        usdc.mint(address(escrow), 3);
        (uint256 held, uint256 owed) = lens.reserves();
        assertEq(held, 100e6 + 3, "held");
        assertEq(owed, 100e6, "owed");
    }

    function _header(IEscrowTypes.Batch memory batch) private pure returns (EscrowLens.Header memory) {
        return EscrowLens.Header(
            batch.seq,
            batch.prev,
            batch.receiptsRoot,
            batch.periodEnd,
            batch.deadline,
            keccak256(batch.debits),
            keccak256(batch.credits),
            keccak256(batch.referrals)
        );
    }
}
