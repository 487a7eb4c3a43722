// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Models} from "./Models.sol";

/// @title Buckets keep what they hold, and nothing is available before a whole day has passed (I10)
/// @dev Steps of an induction; all is 0 at first. The claim: `current` is what was earned today, `previous` yesterday.
contract HoldProof {
    struct Word {
        uint256 available;
        uint256 current;
        uint256 previous;
        uint256 earnedToday;
        uint256 earnedYesterday;
    }

    modifier holds(Word memory word) {
        require(word.current == word.earnedToday && word.previous == word.earnedYesterday);
        require(word.available <= type(uint64).max && word.current <= type(uint48).max);
        require(word.previous <= type(uint48).max);
        _;
    }

    function earn(Word memory word, uint256 amount) external pure holds(word) {
        require(amount <= Models.MAX_LINE);
        assert(word.current + amount == word.earnedToday + amount);
    }

    function pass(Word memory word, uint256 passed) external pure holds(word) {
        (uint256 available, uint256 current, uint256 previous) =
            Models.roll(word.available, word.current, word.previous, passed);
        assert(available + current + previous == word.available + word.current + word.previous);
        assert(current == (passed == 0 ? word.earnedToday : 0));
        assert(previous == (passed == 0 ? word.earnedYesterday : passed == 1 ? word.earnedToday : 0));
    }
}

/// @title What counts of a payout is all of it at first, and nothing after 30 days (I11)
/// @dev That it never grows in between is a product of two unknowns, which no solver decides: it is fuzzed instead.
contract WindowProof {
    function fade(uint256 paid, uint256 age) external pure {
        require(paid <= Models.MAX_LINE && age <= 365);
        uint256 counts = Models.fade(paid, age);
        assert(age < Models.WINDOW_DAYS || counts == 0);
        assert(age != 0 || counts == paid);
    }
}
