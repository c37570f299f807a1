// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {BondingManager} from "./BondingManager.sol";
import {Controller} from "./Controller.sol";
import {Managed} from "./Managed.sol";
import {Reserves} from "./Reserves.sol";
import {RoundsManager} from "./RoundsManager.sol";
import {Signatures} from "./Signatures.sol";

/// Stand-in for tests. Deposits, reserves and the redemption of winning tickets, with the rules, the
/// refusals and the events of the real broker as payments-contracts 2.2, 4.3 and 5 have them. It
/// holds the ether itself.
contract TicketBroker is Managed, Reserves {
    struct Ticket {
        address recipient;
        address sender;
        uint256 faceValue;
        uint256 winProb;
        uint256 senderNonce;
        bytes32 recipientRandHash;
        bytes auxData;
    }

    struct Sender {
        uint256 deposit;
        uint256 withdrawRound;
    }

    event DepositFunded(address indexed sender, uint256 amount);
    event ReserveFunded(address indexed reserveHolder, uint256 amount);
    event WinningTicketRedeemed(
        address indexed sender,
        address indexed recipient,
        uint256 faceValue,
        uint256 winProb,
        uint256 senderNonce,
        uint256 recipientRand,
        bytes auxData
    );
    event WinningTicketTransfer(address indexed sender, address indexed recipient, uint256 amount);
    event Unlock(address indexed sender, uint256 startRound, uint256 endRound);
    event UnlockCancelled(address indexed sender);
    event Withdrawal(address indexed sender, uint256 deposit, uint256 reserve);
    event ParameterUpdate(string param);

    uint256 public unlockPeriod;
    uint256 public ticketValidityPeriod;
    mapping(bytes32 => bool) public usedTickets;
    mapping(address => Sender) private senders;

    modifier currentRoundInitialized() {
        require(_rounds().currentRoundInitialized(), "current round is not initialized");
        _;
    }

    constructor(Controller _controller, uint256 _unlockPeriod, uint256 _ticketValidityPeriod) Managed(_controller) {
        unlockPeriod = _unlockPeriod;
        ticketValidityPeriod = _ticketValidityPeriod;
    }

    function setUnlockPeriod(uint256 rounds) external onlyOwner {
        unlockPeriod = rounds;
        emit ParameterUpdate("unlockPeriod");
    }

    function setTicketValidityPeriod(uint256 rounds) external onlyOwner {
        require(rounds > 0, "ticketValidityPeriod must be greater than 0");
        ticketValidityPeriod = rounds;
        emit ParameterUpdate("ticketValidityPeriod");
    }

    // Money in.

    function fundDeposit() external payable whenNotPaused {
        _endUnlock(msg.sender);
        _fundDeposit(msg.sender, msg.value);
    }

    function fundReserve() external payable whenNotPaused {
        _endUnlock(msg.sender);
        _fundReserve(msg.sender, msg.value);
    }

    function fundDepositAndReserve(uint256 depositAmount, uint256 reserveAmount) external payable {
        fundDepositAndReserveFor(msg.sender, depositAmount, reserveAmount);
    }

    /// Somebody else's money does not cancel an unlock.
    function fundDepositAndReserveFor(address addr, uint256 depositAmount, uint256 reserveAmount)
        public
        payable
        whenNotPaused
    {
        require(
            msg.value == depositAmount + reserveAmount,
            "msg.value does not equal sum of deposit amount and reserve amount"
        );
        if (addr == msg.sender) _endUnlock(addr);
        _fundReserve(addr, reserveAmount);
        _fundDeposit(addr, depositAmount);
    }

    // Money out.

    function unlock() external whenNotPaused {
        Sender storage sender = senders[msg.sender];
        require(sender.deposit > 0 || _reserveOf(msg.sender) > 0, "sender deposit and reserve are zero");
        require(sender.withdrawRound == 0, "unlock already initiated");
        uint256 round = _currentRound();
        sender.withdrawRound = round + unlockPeriod;
        emit Unlock(msg.sender, round, sender.withdrawRound);
    }

    function cancelUnlock() external whenNotPaused {
        require(isUnlockInProgress(msg.sender), "no unlock request in progress");
        _endUnlock(msg.sender);
    }

    function withdraw() external whenNotPaused {
        Sender storage sender = senders[msg.sender];
        uint256 deposit = sender.deposit;
        uint256 reserve = _reserveOf(msg.sender);
        require(deposit > 0 || reserve > 0, "sender deposit and reserve are zero");
        require(sender.withdrawRound > 0, "no unlock request in progress");
        require(_currentRound() >= sender.withdrawRound, "account is locked");
        sender.deposit = 0;
        _clearReserve(msg.sender);
        emit Withdrawal(msg.sender, deposit, reserve);
        (bool sent, ) = payable(msg.sender).call{value: deposit + reserve}("");
        require(sent, "transfer failed");
    }

    // Tickets.

    /// Anybody may redeem; the value goes to the recipient.
    function redeemWinningTicket(Ticket calldata ticket, bytes calldata sig, uint256 recipientRand)
        public
        whenNotPaused
        currentRoundInitialized
    {
        bytes32 hash = getTicketHash(ticket);
        uint256 creationRound = _requireRedeemable(ticket, hash, sig, recipientRand);
        Sender storage sender = senders[ticket.sender];
        require(
            sender.withdrawRound == 0 || _currentRound() < sender.withdrawRound,
            "sender is unlocked"
        );
        require(sender.deposit > 0 || _reserveOf(ticket.sender) > 0, "sender deposit and reserve are zero");

        usedTickets[hash] = true;
        uint256 amount = ticket.faceValue;
        if (amount > sender.deposit) {
            uint256 fromReserve = _claimReserve(ticket.sender, ticket.recipient, amount - sender.deposit);
            amount = sender.deposit + fromReserve;
            sender.deposit = 0;
        } else {
            sender.deposit -= amount;
        }
        if (amount > 0) {
            _bonding().updateTranscoderWithFees{value: amount}(ticket.recipient, amount, creationRound);
            emit WinningTicketTransfer(ticket.sender, ticket.recipient, amount);
        }
        emit WinningTicketRedeemed(
            ticket.sender,
            ticket.recipient,
            ticket.faceValue,
            ticket.winProb,
            ticket.senderNonce,
            recipientRand,
            ticket.auxData
        );
    }

    /// Tickets that cannot be redeemed are passed over.
    function batchRedeemWinningTickets(
        Ticket[] calldata tickets,
        bytes[] calldata sigs,
        uint256[] calldata recipientRands
    ) external whenNotPaused currentRoundInitialized {
        for (uint256 i = 0; i < tickets.length; i++) {
            try this.redeemWinningTicket(tickets[i], sigs[i], recipientRands[i]) {} catch {}
        }
    }

    function getTicketHash(Ticket calldata ticket) public pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    ticket.recipient,
                    ticket.sender,
                    ticket.faceValue,
                    ticket.winProb,
                    ticket.senderNonce,
                    ticket.recipientRandHash,
                    ticket.auxData
                )
            );
    }

    // Reading.

    function getSenderInfo(address addr) external view returns (Sender memory sender, ReserveInfo memory reserve) {
        return (senders[addr], getReserveInfo(addr));
    }

    function isUnlockInProgress(address addr) public view returns (bool) {
        return senders[addr].withdrawRound > 0;
    }

    // Inside.

    /// The rules of payments-contracts 5.1 that do not need the sender's account, in their order.
    function _requireRedeemable(Ticket calldata ticket, bytes32 hash, bytes calldata sig, uint256 recipientRand)
        private
        view
        returns (uint256 creationRound)
    {
        require(ticket.recipient != address(0), "ticket recipient is null address");
        require(ticket.sender != address(0), "ticket sender is null address");

        require(ticket.auxData.length == 64, "invalid length for ticket auxData: must be 64 bytes");
        bytes32 creationHash;
        (creationRound, creationHash) = abi.decode(ticket.auxData, (uint256, bytes32));
        bytes32 roundHash = _rounds().blockHashForRound(creationRound);
        require(roundHash != bytes32(0), "ticket creationRound does not have a block hash");
        require(roundHash == creationHash, "ticket creationRoundBlockHash invalid for creationRound");
        require(creationRound + ticketValidityPeriod > _currentRound(), "ticket is expired");

        require(
            keccak256(abi.encodePacked(recipientRand)) == ticket.recipientRandHash,
            "recipientRand does not match recipientRandHash"
        );
        require(!usedTickets[hash], "ticket is used");
        require(
            Signatures.recoverPersonal(hash, sig) == ticket.sender,
            "invalid signature over ticket hash"
        );
        require(
            uint256(keccak256(abi.encodePacked(sig, recipientRand))) < ticket.winProb,
            "ticket did not win"
        );
    }

    function _fundDeposit(address addr, uint256 amount) private {
        senders[addr].deposit += amount;
        emit DepositFunded(addr, amount);
    }

    function _fundReserve(address addr, uint256 amount) private {
        _addReserve(addr, amount);
        emit ReserveFunded(addr, amount);
    }

    function _endUnlock(address addr) private {
        if (isUnlockInProgress(addr)) {
            senders[addr].withdrawRound = 0;
            emit UnlockCancelled(addr);
        }
    }

    function _rounds() private view returns (RoundsManager) {
        return RoundsManager(_lookup("RoundsManager"));
    }

    function _bonding() private view returns (BondingManager) {
        return BondingManager(_lookup("BondingManager"));
    }

    function _currentRound() internal view override returns (uint256) {
        return _rounds().currentRound();
    }

    function _poolShare(address claimant) internal view override returns (bool active, uint256 poolSize) {
        BondingManager bonding = _bonding();
        return (bonding.isActiveTranscoder(claimant), bonding.getTranscoderPoolSize());
    }
}
