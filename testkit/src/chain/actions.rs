//! What people of the network do, in one call each.

use alloy_primitives::{Address, B256, Bytes, I256, U256};
use alloy_sol_types::sol;
use waymark_contracts::{BondingManager, ServiceRegistry, TicketBroker};

use super::{LocalChain, LocalChainError, Receipt};

sol! {
    /// What only the stand-ins have.
    interface TestSetters {
        function setTranscoder(address transcoder, uint256 stake, uint256 rewardCut, uint256 feeShare, uint256 activationRound) external;
        function deactivateTranscoder(address transcoder, uint256 deactivationRound) external;
        function pause() external;
        function unpause() external;
        function setAnswer(int256 answer, uint256 updatedAt) external;
    }
}

/// Shares that a registered orchestrator declares, per million.
const SHARES: (u64, u64) = (100_000, 500_000);

impl LocalChain {
    /// Puts an orchestrator into the pool, active at once, and publishes its URI. Again changes both.
    pub async fn register_orchestrator(
        &self,
        address: Address,
        uri: &str,
        stake: U256,
    ) -> Result<(), LocalChainError> {
        let call = TestSetters::setTranscoderCall {
            transcoder: address,
            stake,
            rewardCut: U256::from(SHARES.0),
            feeShare: U256::from(SHARES.1),
            activationRound: U256::from(self.current_round().await?),
        };
        self.send(self.owner(), self.contracts().bonding_manager, &call, U256::ZERO).await?;
        self.set_service_uri(address, uri).await
    }

    /// Takes an orchestrator out of the pool; it is not active from `round`.
    pub async fn deactivate_orchestrator(
        &self,
        address: Address,
        round: u64,
    ) -> Result<(), LocalChainError> {
        let call = TestSetters::deactivateTranscoderCall {
            transcoder: address,
            deactivationRound: U256::from(round),
        };
        self.send(self.owner(), self.contracts().bonding_manager, &call, U256::ZERO).await?;
        Ok(())
    }

    /// Publishes an orchestrator's URI.
    pub async fn set_service_uri(
        &self,
        address: Address,
        uri: &str,
    ) -> Result<(), LocalChainError> {
        let call = ServiceRegistry::setServiceURICall { serviceURI: uri.to_owned() };
        self.send(address, self.contracts().service_registry, &call, U256::ZERO).await?;
        Ok(())
    }

    /// Adds to a sender's deposit and reserve, from ether that it gets for it. Cancels its unlock.
    pub async fn fund_sender(
        &self,
        sender: Address,
        deposit: U256,
        reserve: U256,
    ) -> Result<Receipt, LocalChainError> {
        let call = TicketBroker::fundDepositAndReserveCall {
            depositAmount: deposit,
            reserveAmount: reserve,
        };
        let value = deposit.saturating_add(reserve);
        self.send(sender, self.contracts().ticket_broker, &call, value).await
    }

    /// Begins to unlock a sender's money.
    pub async fn unlock(&self, sender: Address) -> Result<Receipt, LocalChainError> {
        let broker = self.contracts().ticket_broker;
        self.send(sender, broker, &TicketBroker::unlockCall {}, U256::ZERO).await
    }

    /// Takes that back.
    pub async fn cancel_unlock(&self, sender: Address) -> Result<Receipt, LocalChainError> {
        let broker = self.contracts().ticket_broker;
        self.send(sender, broker, &TicketBroker::cancelUnlockCall {}, U256::ZERO).await
    }

    /// Pays a sender's money back.
    pub async fn withdraw(&self, sender: Address) -> Result<Receipt, LocalChainError> {
        let broker = self.contracts().ticket_broker;
        self.send(sender, broker, &TicketBroker::withdrawCall {}, U256::ZERO).await
    }

    /// A sender's deposit, lock and reserve.
    pub async fn sender_info(
        &self,
        addr: Address,
    ) -> Result<TicketBroker::getSenderInfoReturn, LocalChainError> {
        let call = TicketBroker::getSenderInfoCall { addr };
        self.read(self.contracts().ticket_broker, &call).await
    }

    /// Redeems a ticket, from any account.
    pub async fn redeem(
        &self,
        from: Address,
        ticket: TicketBroker::Ticket,
        sig: impl Into<Bytes>,
        recipient_rand: U256,
    ) -> Result<Receipt, LocalChainError> {
        let call = TicketBroker::redeemWinningTicketCall {
            ticket,
            sig: sig.into(),
            recipientRand: recipient_rand,
        };
        self.send(from, self.contracts().ticket_broker, &call, U256::ZERO).await
    }

    /// Whether a ticket was redeemed.
    pub async fn is_used(&self, ticket: B256) -> Result<bool, LocalChainError> {
        let call = TicketBroker::usedTicketsCall { ticketHash: ticket };
        self.read(self.contracts().ticket_broker, &call).await
    }

    /// What an orchestrator earned and did not withdraw.
    pub async fn fees(&self, orchestrator: Address) -> Result<U256, LocalChainError> {
        let call = BondingManager::pendingFeesCall { delegator: orchestrator, endRound: U256::MAX };
        self.read(self.contracts().bonding_manager, &call).await
    }

    /// Stops or resumes everything that moves money.
    pub async fn set_paused(&self, paused: bool) -> Result<(), LocalChainError> {
        let controller = self.contracts().controller;
        if paused {
            self.send(self.owner(), controller, &TestSetters::pauseCall {}, U256::ZERO).await?;
        } else {
            self.send(self.owner(), controller, &TestSetters::unpauseCall {}, U256::ZERO).await?;
        }
        Ok(())
    }

    /// Sets the price of ether in dollars, with 8 digits after the point, as of a Unix time.
    pub async fn set_eth_usd(&self, answer: i64, updated_at: u64) -> Result<(), LocalChainError> {
        let call = TestSetters::setAnswerCall {
            answer: I256::try_from(answer).expect("64 bits fit into 256"),
            updatedAt: U256::from(updated_at),
        };
        self.send(self.owner(), self.contracts().price_feed, &call, U256::ZERO).await?;
        Ok(())
    }
}
