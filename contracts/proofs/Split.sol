// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Models} from "./Models.sol";

/// @title Bounds of the split, for any line and any carry
contract SplitProof {
    function operator(uint256 gross, uint256 carry) external pure {
        require(gross <= Models.MAX_LINE && carry < Models.BPS);
        (uint256 net, uint256 fraction) = Models.operatorShare(gross, carry);
        assert(net * Models.BPS + fraction == gross * Models.OPERATOR_BPS + carry); // nothing is lost or made
        assert(fraction < Models.BPS); // the carry stays a carry
        assert(net <= gross); // no line earns more than it is
        assert(net * 5 <= gross * 4 + 4); // 80 %, and less than 1 µ of carry
    }

    function referrer(uint256 gross, uint256 carry) external pure {
        require(gross <= Models.MAX_LINE && carry < Models.BPS);
        (uint256 net, uint256 fraction) = Models.referralShare(gross, carry);
        assert(net * Models.BPS + fraction == gross * Models.REFERRAL_BPS + carry);
        assert(fraction < Models.BPS);
        assert(net <= gross);
        assert(net * 100 <= gross + 99);
    }
}

/// @title A lifetime's net is the share of a lifetime's gross rounded down once, however it is cut into lines (I4)
/// @dev A step of an induction; all is 0 at first.
contract LifetimeProof {
    function earn(uint256 lifetimeGross, uint256 lifetimeNet, uint256 carry, uint256 gross) external pure {
        require(lifetimeGross <= type(uint64).max && gross <= Models.MAX_LINE && carry < Models.BPS);
        require(lifetimeNet * Models.BPS + carry == lifetimeGross * Models.OPERATOR_BPS);
        (uint256 net, uint256 fraction) = Models.operatorShare(gross, carry);
        assert((lifetimeNet + net) * Models.BPS + fraction == (lifetimeGross + gross) * Models.OPERATOR_BPS);
        assert(fraction < Models.BPS);
    }

    function refer(uint256 lifetimeGross, uint256 lifetimeNet, uint256 carry, uint256 gross) external pure {
        require(lifetimeGross <= type(uint64).max && gross <= Models.MAX_LINE && carry < Models.BPS);
        require(lifetimeNet * Models.BPS + carry == lifetimeGross * Models.REFERRAL_BPS);
        (uint256 net, uint256 fraction) = Models.referralShare(gross, carry);
        assert((lifetimeNet + net) * Models.BPS + fraction == (lifetimeGross + gross) * Models.REFERRAL_BPS);
        assert(fraction < Models.BPS);
    }
}
