//! The BondingManager: the pool of active orchestrators ("transcoders" there), stakes and fees.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    /// Stakes, the pool, fees.
    interface BondingManager {
        /// An orchestrator will be active from `activationRound`.
        event TranscoderActivated(address indexed transcoder, uint256 activationRound);
        /// An orchestrator will not be active from `deactivationRound`.
        event TranscoderDeactivated(address indexed transcoder, uint256 deactivationRound);
        /// An orchestrator changed its shares, per million.
        event TranscoderUpdate(address indexed transcoder, uint256 rewardCut, uint256 feeShare);
        /// An orchestrator got new tokens.
        event Reward(address indexed transcoder, uint256 amount);
        /// Stake was given to an orchestrator.
        event Bond(address indexed newDelegate, address indexed oldDelegate, address indexed delegator, uint256 additionalAmount, uint256 bondedAmount);
        /// Stake is being taken away.
        event Unbond(address indexed delegate, address indexed delegator, uint256 unbondingLockId, uint256 amount, uint256 withdrawRound);
        /// That was taken back.
        event Rebond(address indexed delegate, address indexed delegator, uint256 unbondingLockId, uint256 amount);
        /// Fees were paid out.
        event WithdrawFees(address indexed delegator, address recipient, uint256 amount);
        /// Earnings of some rounds were added to a delegator's account.
        event EarningsClaimed(address indexed delegate, address indexed delegator, uint256 rewards, uint256 fees, uint256 startRound, uint256 endRound);

        /// The orchestrator with the most stake; zero if there is none.
        function getFirstTranscoderInPool() external view returns (address transcoder);
        /// The one after it; zero at the end.
        function getNextTranscoderInPool(address transcoder) external view returns (address next);
        /// How many are in the pool; reserves are divided by it.
        function getTranscoderPoolSize() external view returns (uint256 size);
        /// How many there can be.
        function getTranscoderPoolMaxSize() external view returns (uint256 size);
        /// An orchestrator's record.
        function getTranscoder(address transcoder) external view returns (uint256 lastRewardRound, uint256 rewardCut, uint256 feeShare, uint256 lastActiveStakeUpdateRound, uint256 activationRound, uint256 deactivationRound, uint256 activeCumulativeRewards, uint256 cumulativeRewards, uint256 cumulativeFees, uint256 lastFeeRound);
        /// A delegator's record.
        function getDelegator(address delegator) external view returns (uint256 bondedAmount, uint256 fees, address delegateAddress, uint256 delegatedAmount, uint256 startRound, uint256 lastClaimRound, uint256 nextUnbondingLockId);
        /// An orchestrator's stake.
        function transcoderTotalStake(address transcoder) external view returns (uint256 stake);
        /// 0 not registered, 1 registered.
        function transcoderStatus(address transcoder) external view returns (uint8 status);
        /// Whether it is active in the current round.
        function isActiveTranscoder(address transcoder) external view returns (bool active);
        /// Whether it is bonded to itself; only such a recipient can be paid.
        function isRegisteredTranscoder(address transcoder) external view returns (bool registered);
        /// An orchestrator's share in one round.
        function getTranscoderEarningsPoolForRound(address transcoder, uint256 round) external view returns (uint256 totalStake, uint256 transcoderRewardCut, uint256 transcoderFeeShare, uint256 cumulativeRewardFactor, uint256 cumulativeFeeFactor);
        /// All stake.
        function getTotalBonded() external view returns (uint256 amount);
        /// Stake of the active ones.
        function currentRoundTotalActiveStake() external view returns (uint256 amount);
        /// Fees earned and not withdrawn, up to a round.
        function pendingFees(address delegator, uint256 endRound) external view returns (uint256 amount);
        /// Stake with rewards, up to a round.
        function pendingStake(address delegator, uint256 endRound) external view returns (uint256 amount);
        /// Gives stake to an orchestrator.
        function bond(uint256 amount, address to) external;
        /// Declares the caller's shares, per million.
        function transcoder(uint256 rewardCut, uint256 feeShare) external;
        /// Pays fees out.
        function withdrawFees(address recipient, uint256 amount) external;
    }
}
