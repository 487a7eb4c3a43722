// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";
import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {Receipts} from "../libraries/Receipts.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";

/// @title Reads of one escrow that need no code in it
/// @notice Has no rights and keeps nothing: anybody may deploy another.
contract EscrowLens {
    /// @notice What is signed of a batch, its lines as the hash of them: all are in `BatchSettled` and its transaction.
    struct Header {
        uint64 seq;
        bytes32 prev;
        bytes32 receiptsRoot;
        uint40 periodEnd;
        uint40 deadline;
        bytes32 debitsHash; // keccak256 of the debits
        bytes32 creditsHash;
        bytes32 referralsHash;
    }

    /// @notice The escrow that is read.
    ICreditEscrow public immutable ESCROW;

    /// @param escrow What to read
    constructor(ICreditEscrow escrow) {
        ESCROW = escrow;
    }

    /// @notice Whether a receipt is in a batch that was settled and not undone, under this account's leaf.
    /// @dev The header must hash to the digest that the escrow has kept, so its root is the batch's.
    /// @param header The batch
    /// @param receipt The receipt
    /// @param receiptProof Its place among the account's receipts
    /// @param account The account's leaf
    /// @param accountProof Its place among the accounts
    /// @return valid Whether it is
    function verifyReceipt(
        Header calldata header,
        Receipts.Receipt calldata receipt,
        Receipts.Proof calldata receiptProof,
        Receipts.AccountLeaf calldata account,
        Receipts.Proof calldata accountProof
    ) external view returns (bool valid) {
        return isLive(header)
            && Receipts.verify(header.receiptsRoot, receipt, receiptProof, account, accountProof);
    }

    /// @notice Whether this is a batch that was settled and not undone.
    /// @param header The batch
    /// @return live Whether it is
    function isLive(Header calldata header) public view returns (bool live) {
        bytes32 structHash = keccak256(abi.encode(TypedHashes.SETTLEMENT, header));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("CreditEscrow"),
                keccak256("1"),
                block.chainid,
                address(ESCROW)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        (bytes32 kept, uint40 settledAt) = ESCROW.batchOf(header.seq);
        return settledAt != 0 && kept == bytes32((uint256(digest) >> 40) << 40);
    }

    /// @notice Many accounts at one block.
    /// @param ids Their numbers
    /// @return states As `accountOf` gives them
    function accountsOf(uint32[] calldata ids) external view returns (IEscrowTypes.Account[] memory states) {
        states = new IEscrowTypes.Account[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) states[i] = ESCROW.accountOf(ids[i]);
    }

    /// @notice Many earners at one block.
    /// @param ids Their numbers
    /// @return states As `earnerOf` gives them
    function earnersOf(uint32[] calldata ids) external view returns (IEscrowTypes.Earner[] memory states) {
        states = new IEscrowTypes.Earner[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) states[i] = ESCROW.earnerOf(ids[i]);
    }

    /// @notice What backs the credit.
    /// @return held USDC held
    /// @return owed Credit, earnings and vouchers
    function reserves() external view returns (uint256 held, uint256 owed) {
        return (IERC20(ESCROW.usdc()).balanceOf(address(ESCROW)), ESCROW.liabilities());
    }
}
