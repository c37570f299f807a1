//! Payments as the handlers of requests see them: nothing happens off-chain.

use std::sync::Arc;

use alloy_primitives::Address;
use waymark_proto::net;

use super::super::credentials::SegmentJob;
use super::super::node::Context;
use super::super::refusal::Refusal;
use super::super::stats::count;
use super::{Memory, Offer, PaymentError, TermsError};
use crate::fault::{Fault, PaymentFault};

impl Context {
    /// The fault that strikes this payment. New secrets make its token void.
    pub(crate) fn payment_fault(&self) -> Result<Option<PaymentFault>, Refusal> {
        if self.node.payee.is_none() {
            return Ok(None);
        }
        let fault = self.node.faults.payment();
        if let Some(fault) = &fault {
            self.node.stats.fault(&Fault::from(fault.clone()).name());
        }
        if fault == Some(PaymentFault::NewSecret) {
            self.life.renew_secrets();
            return Err(Refusal::TokenInvalid);
        }
        Ok(fault)
    }

    /// Price and parameters for a sender.
    pub(crate) async fn offer(
        &self,
        memory: &Memory,
        sender: Address,
        session: Option<&str>,
    ) -> Result<Offer, TermsError> {
        let payee = self.node.payee.as_ref().ok_or(TermsError::Unpaid)?;
        let fault = self.node.faults.params();
        if let Some(fault) = fault {
            self.node.stats.fault(&Fault::from(fault).name());
        }
        payee.offer(memory, sender, session, fault).await
    }

    /// The information that answers a job, with the job's own token.
    pub(crate) async fn offer_info(
        &self,
        memory: &Memory,
        sender: Address,
        job: &SegmentJob,
    ) -> Result<net::OrchestratorInfo, Refusal> {
        let token = job.data.auth_token.clone();
        if self.node.payee.is_none() {
            return Ok(self.node.info(token));
        }
        match self.offer(memory, sender, Some(job.session_id())).await {
            Ok(offer) => Ok(self.node.priced_info(token, offer)),
            Err(error) => {
                tracing::warn!(node = self.node.options.name, %error, "no ticket parameters");
                Err(Refusal::Terms)
            }
        }
    }

    /// Takes a payment for an account, and counts what became of it.
    pub(crate) async fn take_payment(
        &self,
        memory: &Arc<Memory>,
        payment: &net::Payment,
        account: &str,
        fault: Option<&PaymentFault>,
    ) -> Result<(), Refusal> {
        let Some(payee) = &self.node.payee else { return Ok(()) };
        let (receipt, taken) = payee.process(memory, payment, account, fault).await;
        self.node.stats.update(|stats| {
            receipt.count(&mut stats.payments);
            stats.payments.winners_waiting = payee.waiting();
            match &taken {
                Ok(()) => stats.payments.payments += 1,
                Err(error) => count(&mut stats.payments.payments_refused, &error.key()),
            }
        });
        taken.map_err(Refusal::Payment)
    }

    /// Whether the credit is enough to begin.
    pub(crate) fn check_balance(
        &self,
        memory: &Memory,
        sender: Address,
        account: &str,
        price: Option<&net::PriceInfo>,
        fault: Option<&PaymentFault>,
    ) -> Result<(), Refusal> {
        let Some(payee) = &self.node.payee else { return Ok(()) };
        let covered = payee.covers(memory, sender, account, price);
        if covered && fault != Some(&PaymentFault::InsufficientBalance) {
            return Ok(());
        }
        let error = PaymentError::Balance;
        self.node.stats.update(|stats| count(&mut stats.payments.payments_refused, &error.key()));
        Err(Refusal::Payment(error))
    }
}
