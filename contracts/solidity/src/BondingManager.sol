// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Controller} from "./Controller.sol";
import {Managed} from "./Managed.sol";
import {RoundsManager} from "./RoundsManager.sol";

/// Stand-in for tests. The pool of orchestrators, ordered by stake, and what they earned. There is no
/// token and no delegation: the owner says who is registered with how much stake, and each
/// orchestrator has all of its fees.
contract BondingManager is Managed {
    struct Transcoder {
        bool registered;
        uint256 stake;
        uint256 rewardCut;
        uint256 feeShare;
        uint256 activationRound;
        uint256 deactivationRound;
        uint256 cumulativeFees;
        uint256 lastFeeRound;
        uint256 fees;
    }

    event TranscoderActivated(address indexed transcoder, uint256 activationRound);
    event TranscoderDeactivated(address indexed transcoder, uint256 deactivationRound);
    event TranscoderUpdate(address indexed transcoder, uint256 rewardCut, uint256 feeShare);
    event WithdrawFees(address indexed delegator, address recipient, uint256 amount);
    event ParameterUpdate(string param);

    uint256 public getTranscoderPoolMaxSize = 100;
    address[] private pool;
    mapping(address => Transcoder) private transcoders;

    constructor(Controller _controller) Managed(_controller) {}

    /// Registers an orchestrator, or changes it, and puts it into the pool. It is active from
    /// `activationRound`.
    function setTranscoder(
        address transcoder,
        uint256 stake,
        uint256 rewardCut,
        uint256 feeShare,
        uint256 activationRound
    ) external onlyOwner {
        require(rewardCut <= 1_000_000 && feeShare <= 1_000_000, "shares are per million");
        _remove(transcoder);
        require(pool.length < getTranscoderPoolMaxSize, "pool is full");
        Transcoder storage t = transcoders[transcoder];
        t.registered = true;
        t.stake = stake;
        t.rewardCut = rewardCut;
        t.feeShare = feeShare;
        t.activationRound = activationRound;
        t.deactivationRound = type(uint256).max;
        _insert(transcoder, stake);
        emit TranscoderUpdate(transcoder, rewardCut, feeShare);
        emit TranscoderActivated(transcoder, activationRound);
    }

    /// Takes an orchestrator out of the pool; it is not active from `deactivationRound`, and stays
    /// registered.
    function deactivateTranscoder(address transcoder, uint256 deactivationRound) external onlyOwner {
        _remove(transcoder);
        transcoders[transcoder].deactivationRound = deactivationRound;
        emit TranscoderDeactivated(transcoder, deactivationRound);
    }

    function setPoolMaxSize(uint256 size) external onlyOwner {
        getTranscoderPoolMaxSize = size;
        emit ParameterUpdate("numActiveTranscoders");
    }

    /// The TicketBroker brings the value of a ticket.
    function updateTranscoderWithFees(address transcoder, uint256 fees, uint256) external payable whenNotPaused {
        require(msg.sender == _lookup("TicketBroker"), "caller must be TicketBroker");
        require(msg.value == fees, "fees must be sent along");
        Transcoder storage t = transcoders[transcoder];
        require(t.registered, "transcoder must be registered");
        t.cumulativeFees += fees;
        t.fees += fees;
        t.lastFeeRound = _round();
    }

    function withdrawFees(address payable recipient, uint256 amount) external whenNotPaused {
        require(recipient != address(0), "invalid recipient");
        Transcoder storage t = transcoders[msg.sender];
        require(t.fees >= amount, "insufficient fees to withdraw");
        t.fees -= amount;
        emit WithdrawFees(msg.sender, recipient, amount);
        (bool sent, ) = recipient.call{value: amount}("");
        require(sent, "transfer failed");
    }

    function getFirstTranscoderInPool() external view returns (address) {
        return pool.length == 0 ? address(0) : pool[0];
    }

    function getNextTranscoderInPool(address transcoder) external view returns (address) {
        for (uint256 i = 0; i + 1 < pool.length; i++) {
            if (pool[i] == transcoder) return pool[i + 1];
        }
        return address(0);
    }

    function getTranscoderPoolSize() external view returns (uint256) {
        return pool.length;
    }

    function getTranscoder(address transcoder)
        external
        view
        returns (
            uint256 lastRewardRound,
            uint256 rewardCut,
            uint256 feeShare,
            uint256 lastActiveStakeUpdateRound,
            uint256 activationRound,
            uint256 deactivationRound,
            uint256 activeCumulativeRewards,
            uint256 cumulativeRewards,
            uint256 cumulativeFees,
            uint256 lastFeeRound
        )
    {
        Transcoder storage t = transcoders[transcoder];
        rewardCut = t.rewardCut;
        feeShare = t.feeShare;
        lastActiveStakeUpdateRound = t.activationRound;
        activationRound = t.activationRound;
        deactivationRound = t.deactivationRound;
        cumulativeFees = t.cumulativeFees;
        lastFeeRound = t.lastFeeRound;
        lastRewardRound = 0;
        activeCumulativeRewards = 0;
        cumulativeRewards = 0;
    }

    function getDelegator(address delegator)
        external
        view
        returns (
            uint256 bondedAmount,
            uint256 fees,
            address delegateAddress,
            uint256 delegatedAmount,
            uint256 startRound,
            uint256 lastClaimRound,
            uint256 nextUnbondingLockId
        )
    {
        Transcoder storage t = transcoders[delegator];
        return (
            t.stake,
            t.fees,
            t.registered ? delegator : address(0),
            t.stake,
            t.activationRound,
            t.activationRound,
            0
        );
    }

    /// All rounds have the stake of now.
    function getTranscoderEarningsPoolForRound(address transcoder, uint256)
        external
        view
        returns (
            uint256 totalStake,
            uint256 transcoderRewardCut,
            uint256 transcoderFeeShare,
            uint256 cumulativeRewardFactor,
            uint256 cumulativeFeeFactor
        )
    {
        Transcoder storage t = transcoders[transcoder];
        return (t.stake, t.rewardCut, t.feeShare, 0, 0);
    }

    function transcoderTotalStake(address transcoder) external view returns (uint256) {
        return transcoders[transcoder].stake;
    }

    function transcoderStatus(address transcoder) external view returns (uint8) {
        return transcoders[transcoder].registered ? 1 : 0;
    }

    function isRegisteredTranscoder(address transcoder) external view returns (bool) {
        return transcoders[transcoder].registered;
    }

    function isActiveTranscoder(address transcoder) public view returns (bool) {
        Transcoder storage t = transcoders[transcoder];
        uint256 round = _round();
        return t.registered && t.activationRound <= round && round < t.deactivationRound;
    }

    function getTotalBonded() external view returns (uint256 amount) {
        for (uint256 i = 0; i < pool.length; i++) {
            amount += transcoders[pool[i]].stake;
        }
    }

    function currentRoundTotalActiveStake() external view returns (uint256 amount) {
        for (uint256 i = 0; i < pool.length; i++) {
            if (isActiveTranscoder(pool[i])) amount += transcoders[pool[i]].stake;
        }
    }

    function pendingFees(address delegator, uint256) external view returns (uint256) {
        return transcoders[delegator].fees;
    }

    function pendingStake(address delegator, uint256) external view returns (uint256) {
        return transcoders[delegator].stake;
    }

    function _round() private view returns (uint256) {
        return RoundsManager(_lookup("RoundsManager")).currentRound();
    }

    /// Behind those with as much stake or more.
    function _insert(address transcoder, uint256 stake) private {
        pool.push(transcoder);
        for (uint256 i = pool.length - 1; i > 0 && transcoders[pool[i - 1]].stake < stake; i--) {
            (pool[i - 1], pool[i]) = (pool[i], pool[i - 1]);
        }
    }

    function _remove(address transcoder) private {
        bool found;
        for (uint256 i = 0; i < pool.length; i++) {
            if (found) pool[i - 1] = pool[i];
            if (pool[i] == transcoder) found = true;
        }
        if (found) pool.pop();
    }
}
