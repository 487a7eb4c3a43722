// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title How a charge is shared: 80 % to the operator, 1 % to the referrer, the exact rest to the platform
/// @dev Pure. The fraction of a µUSDC is carried into the earner's next line, so that a lifetime's net is
/// ⌊bps · lifetime gross / 10,000⌋ however usage is cut into batches.
library Split {
    uint256 internal constant OPERATOR_BPS = 8_000;
    uint256 internal constant REFERRAL_BPS = 100;
    uint256 internal constant BPS = 10_000;

    /// @param gross µUSDC, at most 40 bits
    /// @param bps Parts in ten thousand
    /// @param carry Ten-thousandths of a µUSDC left from before, below 10,000
    /// @return net Whole µUSDC
    /// @return fraction Ten-thousandths left for the next time, below 10,000
    function share(uint256 gross, uint256 bps, uint256 carry) internal pure returns (uint256 net, uint256 fraction) {
        unchecked {
            uint256 exact = gross * bps + carry; // 40 + 14 bits
            net = exact / BPS;
            fraction = exact % BPS;
        }
    }

    /// @notice Undoes `share`: what was earned by `gross`, and what was carried before it.
    /// @param fraction What `share` left for the next time
    /// @return net Whole µUSDC
    /// @return carry Ten-thousandths of a µUSDC left from before, below 10,000
    function unshare(
        uint256 gross,
        uint256 bps,
        uint256 fraction
    ) internal pure returns (uint256 net, uint256 carry) {
        unchecked {
            uint256 exact = gross * bps; // 40 + 14 bits
            carry = (fraction + BPS - (exact % BPS)) % BPS;
            net = (exact + carry - fraction) / BPS; // exact + carry = net · 10,000 + fraction
        }
    }
}
