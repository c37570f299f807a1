//! The TicketBroker: deposits and reserves of gateways, and the redemption of winning tickets.
//!
//! A sender is a gateway, a recipient an orchestrator. Amounts are wei.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    /// Deposits, reserves, tickets.
    interface TicketBroker {
        /// A ticket as the contract sees it; the nonce is 32 bits on the wire.
        struct Ticket {
            address recipient;
            address sender;
            uint256 faceValue;
            uint256 winProb;
            uint256 senderNonce;
            bytes32 recipientRandHash;
            bytes auxData;
        }

        /// A sender's deposit, and the round from which it may be withdrawn; 0 when it is locked.
        struct Sender {
            uint256 deposit;
            uint256 withdrawRound;
        }

        /// A sender's reserve.
        struct ReserveInfo {
            uint256 fundsRemaining;
            uint256 claimedInCurrentRound;
        }

        /// A deposit grew.
        event DepositFunded(address indexed sender, uint256 amount);
        /// A reserve grew.
        event ReserveFunded(address indexed reserveHolder, uint256 amount);
        /// A part of a reserve was paid to an orchestrator.
        event ReserveClaimed(address indexed reserveHolder, address claimant, uint256 amount);
        /// A ticket was redeemed; `faceValue` is nominal, what was paid is in `WinningTicketTransfer`.
        event WinningTicketRedeemed(address indexed sender, address indexed recipient, uint256 faceValue, uint256 winProb, uint256 senderNonce, uint256 recipientRand, bytes auxData);
        /// What was really paid for a ticket, out of deposit and reserve together.
        event WinningTicketTransfer(address indexed sender, address indexed recipient, uint256 amount);
        /// A sender asked for its money; it can be had from `endRound`.
        event Unlock(address indexed sender, uint256 startRound, uint256 endRound);
        /// A sender took that back.
        event UnlockCancelled(address indexed sender);
        /// A sender took its money.
        event Withdrawal(address indexed sender, uint256 deposit, uint256 reserve);

        /// Adds the value sent to the caller's deposit.
        function fundDeposit() external payable;
        /// Adds the value sent to the caller's reserve.
        function fundReserve() external payable;
        /// Adds to both; the value sent is their sum.
        function fundDepositAndReserve(uint256 depositAmount, uint256 reserveAmount) external payable;
        /// The same for another sender; does not cancel its unlock.
        function fundDepositAndReserveFor(address addr, uint256 depositAmount, uint256 reserveAmount) external payable;
        /// Begins to unlock the caller's money.
        function unlock() external;
        /// Takes that back.
        function cancelUnlock() external;
        /// Pays the caller's deposit and reserve back, once unlocked.
        function withdraw() external;

        /// Pays for a winning ticket; anybody may call it.
        function redeemWinningTicket(Ticket memory ticket, bytes memory sig, uint256 recipientRand) external;
        /// The same for several; those that fail are passed over.
        function batchRedeemWinningTickets(Ticket[] memory tickets, bytes[] memory sigs, uint256[] memory recipientRands) external;

        /// Hash of a ticket.
        function getTicketHash(Ticket memory ticket) external pure returns (bytes32 ticketHash);
        /// Whether a ticket was redeemed.
        function usedTickets(bytes32 ticketHash) external view returns (bool used);
        /// Deposit, lock and reserve of a sender.
        function getSenderInfo(address addr) external view returns (Sender memory sender, ReserveInfo memory reserve);
        /// Reserve of a sender.
        function getReserveInfo(address reserveHolder) external view returns (ReserveInfo memory info);
        /// Whether a sender asked for its money.
        function isUnlockInProgress(address addr) external view returns (bool inProgress);
        /// How much of a reserve an orchestrator can still have in this round.
        function claimableReserve(address reserveHolder, address claimant) external view returns (uint256 amount);
        /// How much of it an orchestrator had in this round.
        function claimedReserve(address reserveHolder, address claimant) external view returns (uint256 amount);
        /// Rounds between `unlock` and `withdraw`.
        function unlockPeriod() external view returns (uint256 rounds);
        /// Rounds in which a ticket can be redeemed, that of its creation included.
        function ticketValidityPeriod() external view returns (uint256 rounds);
    }
}
