// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// Reserves of senders: shared evenly, per round, among the orchestrators of the pool
/// (payments-contracts 5.4). What was claimed is kept per round and survives a withdrawal.
abstract contract Reserves {
    struct ReserveInfo {
        uint256 fundsRemaining;
        uint256 claimedInCurrentRound;
    }

    struct Reserve {
        uint256 funds;
        mapping(uint256 => uint256) claimed;
        mapping(uint256 => mapping(address => uint256)) claimedBy;
    }

    event ReserveClaimed(address indexed reserveHolder, address claimant, uint256 amount);

    mapping(address => Reserve) private reserves;

    function getReserveInfo(address reserveHolder) public view returns (ReserveInfo memory) {
        Reserve storage reserve = reserves[reserveHolder];
        return ReserveInfo(reserve.funds, reserve.claimed[_currentRound()]);
    }

    function claimableReserve(address reserveHolder, address claimant) public view returns (uint256) {
        (bool active, uint256 poolSize) = _poolShare(claimant);
        if (!active || poolSize == 0) return 0;
        Reserve storage reserve = reserves[reserveHolder];
        uint256 round = _currentRound();
        uint256 share = (reserve.funds + reserve.claimed[round]) / poolSize;
        uint256 had = reserve.claimedBy[round][claimant];
        uint256 left = share > had ? share - had : 0;
        // More than there is could only be left if the pool shrank within the round.
        return left < reserve.funds ? left : reserve.funds;
    }

    function claimedReserve(address reserveHolder, address claimant) external view returns (uint256) {
        return reserves[reserveHolder].claimedBy[_currentRound()][claimant];
    }

    function _addReserve(address reserveHolder, uint256 amount) internal {
        reserves[reserveHolder].funds += amount;
    }

    function _clearReserve(address reserveHolder) internal {
        reserves[reserveHolder].funds = 0;
    }

    function _reserveOf(address reserveHolder) internal view returns (uint256) {
        return reserves[reserveHolder].funds;
    }

    /// Takes up to `need`, and gives what it took.
    function _claimReserve(address reserveHolder, address claimant, uint256 need) internal returns (uint256 amount) {
        uint256 claimable = claimableReserve(reserveHolder, claimant);
        amount = need < claimable ? need : claimable;
        if (amount == 0) return 0;
        uint256 round = _currentRound();
        Reserve storage reserve = reserves[reserveHolder];
        reserve.funds -= amount;
        reserve.claimed[round] += amount;
        reserve.claimedBy[round][claimant] += amount;
        emit ReserveClaimed(reserveHolder, claimant, amount);
    }

    function _currentRound() internal view virtual returns (uint256);

    function _poolShare(address claimant) internal view virtual returns (bool active, uint256 poolSize);
}
