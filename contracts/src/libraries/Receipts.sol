// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Receipts: what a batch's `receiptsRoot` commits to, and how to show it
/// @dev Pure. Two ordered Merkle trees: a sub-tree of receipts per account, and a tree over the account leaves. Leaves
/// are hashed twice. A node is `keccak256(left ‖ right)`, not sorted; the last node of an odd level goes up as it is. The
/// count of leaves is committed with each root, so index and count fix the shape of a proof: no leaf has two places.
library Receipts {
    /// @notice One charge; strings stand as the hash of their UTF-8 bytes.
    struct Receipt {
        bytes32 requestId;
        bytes32 accountCommitment; // keccak256(abi.encode(ref, salt))
        uint32 operator;
        bytes32 model;
        bytes32 priceVersion;
        uint64 promptTokens;
        uint64 cachedTokens;
        uint64 completionTokens;
        uint64 reasoningTokens;
        uint64 units; // of a resource that is not sold by the token
        uint64 cost; // nano-dollars
        uint64 platformPaid; // the part of cost that the platform paid
        uint8 usageSource; // 0 node, 1 recount, 2 drained
        uint40 time;
    }

    /// @notice Everything about one account in one batch.
    struct AccountLeaf {
        uint32 account;
        uint64 previousSeq; // batch of its previous leaf, 0 for the first
        uint64 line; // µUSDC debited in this batch
        uint64 platformPaid; // nano-dollars that the platform paid, no part of `line`
        uint16 carryIn; // nano-dollars left over before this batch
        uint16 carryOut; // and after it
        uint32 count; // receipts in the sub-tree
        bytes32 subRoot;
    }

    /// @notice Place of a leaf in its tree.
    struct Proof {
        uint32 index;
        uint32 count; // leaves in the tree
        bytes32[] siblings; // from the leaf upwards
    }

    bytes32 private constant RECEIPT_TAG = keccak256("infr receipt v1");
    bytes32 private constant ACCOUNT_TAG = keccak256("infr account v1");
    bytes32 private constant ROOT_TAG = keccak256("infr receipts v1");

    function receiptLeaf(Receipt memory receipt) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(RECEIPT_TAG, receipt))));
    }

    function accountLeaf(AccountLeaf memory leaf) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(ACCOUNT_TAG, leaf))));
    }

    /// @notice `receiptsRoot` of a batch: the root over `count` account leaves together with their number.
    function rootOf(uint32 count, bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(ROOT_TAG, count, root));
    }

    /// @notice The root that a leaf and its proof lead to.
    /// @return valid Whether the proof has the length that index and count ask for
    /// @return node The root, if valid
    function climb(bytes32 leaf, Proof memory proof) internal pure returns (bool valid, bytes32 node) {
        if (proof.index >= proof.count) return (false, 0);
        node = leaf;
        uint256 index = proof.index;
        uint256 used;
        for (uint256 width = proof.count; width > 1; width = (width + 1) / 2) {
            if (index ^ 1 < width) {
                if (used == proof.siblings.length) return (false, 0);
                bytes32 sibling = proof.siblings[used++];
                node = index % 2 == 0
                    ? keccak256(bytes.concat(node, sibling))
                    : keccak256(bytes.concat(sibling, node));
            }
            index /= 2;
        }
        valid = used == proof.siblings.length;
    }

    /// @notice Whether a receipt is in the batch with this root, under this account's leaf.
    function verify(
        bytes32 root,
        Receipt memory receipt,
        Proof memory receiptProof,
        AccountLeaf memory account,
        Proof memory accountProof
    ) internal pure returns (bool) {
        if (receiptProof.count != account.count) return false;
        (bool valid, bytes32 subRoot) = climb(receiptLeaf(receipt), receiptProof);
        if (!valid || subRoot != account.subRoot) return false;
        bytes32 top;
        (valid, top) = climb(accountLeaf(account), accountProof);
        return valid && rootOf(accountProof.count, top) == root;
    }
}
