//! The gRPC half of the port: GetOrchestrator, EndTranscodingSession and Ping.
//!
//! Refusals are status UNKNOWN with the text of a stock node (go-livepeer `server/rpc.go:380-388,
//! 527-685`). GetOrchestrator makes a token but takes no session slot, and does not compare the job's
//! capabilities with its own: a gateway must do that itself.

use bytes::Bytes;
use tokio::time::Instant;
use tonic::{Request, Response, Status};
use waymark_proto::net::orchestrator_server::Orchestrator;
use waymark_proto::{TAG_HEADER, net};

use super::node::Context;
use super::payee::TermsError;
use super::stats::{OrchestratorRequestSeen, count};
use crate::crypto::verify_lp;
use crate::fault::{Fault, GetOrchestratorFault};
use crate::ticket::address;

/// The one capability left by the fault that makes a node useless: MP4 alone.
const USELESS_BIT: u32 = 2;

/// The service on one connection.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) ctx: Context,
}

fn tag_header<T>(request: &Request<T>) -> Option<String> {
    let value = request.metadata().get(TAG_HEADER);
    value.map(|tag| String::from_utf8_lossy(tag.as_encoded_bytes()).into_owned())
}

#[tonic::async_trait]
impl Orchestrator for Service {
    async fn get_orchestrator(
        &self,
        request: Request<net::OrchestratorRequest>,
    ) -> Result<Response<net::OrchestratorInfo>, Status> {
        let stats = &self.ctx.node.stats;
        let tag_header = tag_header(&request);
        let message = request.into_inner();
        stats.request(OrchestratorRequestSeen { message: message.clone(), tag_header });
        let answer = self.information(&message).await;
        if let Err(status) = &answer {
            stats.update(|stats| count(&mut stats.get_orchestrator_refused, status.message()));
        }
        answer.map(Response::new)
    }

    async fn end_transcoding_session(
        &self,
        request: Request<net::EndTranscodingSessionRequest>,
    ) -> Result<Response<net::EndTranscodingSessionResponse>, Status> {
        let Context { node, life, .. } = &self.ctx;
        let tag_header = tag_header(&request);
        let token = request.into_inner().auth_token;
        let ours = token.filter(|token| life.tokens.check_origin(token).is_ok());
        let Some(token) = ours else {
            node.stats.update(|stats| stats.end_session_refused += 1);
            return Err(Status::unknown("Invalid auth token"));
        };
        // A token whose session has no slot ends nothing and is answered the same.
        let held = life.sessions.end(&token.session_id);
        tracing::debug!(session = token.session_id, held, "session ended");
        self.ctx.count_sessions();
        node.stats.ended(token.session_id, tag_header);
        Ok(Response::new(net::EndTranscodingSessionResponse {}))
    }

    async fn ping(
        &self,
        request: Request<net::PingPong>,
    ) -> Result<Response<net::PingPong>, Status> {
        let value = match &self.ctx.node.options.key {
            Some(key) => Bytes::copy_from_slice(&key.sign_lp(&request.into_inner().value)),
            None => Bytes::new(),
        };
        Ok(Response::new(net::PingPong { value }))
    }
}

impl Service {
    async fn information(
        &self,
        request: &net::OrchestratorRequest,
    ) -> Result<net::OrchestratorInfo, Status> {
        let Context { node, life, .. } = &self.ctx;
        let fault = node.faults.info();
        if let Some(fault) = &fault {
            node.stats.fault(&Fault::from(fault.clone()).name());
            match fault {
                GetOrchestratorFault::Hang => std::future::pending().await,
                GetOrchestratorFault::Slow(by) => tokio::time::sleep(*by).await,
                GetOrchestratorFault::Error(text) => return Err(Status::unknown(text.clone())),
                GetOrchestratorFault::Capped => return Err(capped()),
                GetOrchestratorFault::DropConnection => match self.ctx.drop_connection().await {},
                GetOrchestratorFault::EmptyTranscoder
                | GetOrchestratorFault::NoAuthToken
                | GetOrchestratorFault::IncompatibleCapabilities => {}
            }
        }
        if node.wants_signatures() && !is_signed(request) {
            return Err(Status::unknown(
                "Invalid orchestrator request: orchestrator req sig check failed",
            ));
        }
        life.sessions.check_capacity("", Instant::now()).map_err(|_| capped())?;
        let options = &node.options;
        let token = life.tokens.issue(options.clock.since_epoch(), options.token_lifetime);
        let memory = life.memory();
        let sender = address(&request.address);
        let mut info = if node.payee.is_some() {
            let offer = self.ctx.offer(&memory, sender, None).await;
            node.priced_info(Some(token), offer.map_err(|error| no_terms(&error))?)
        } else {
            node.info(Some(token))
        };
        match fault {
            Some(GetOrchestratorFault::EmptyTranscoder) => info.transcoder.clear(),
            Some(GetOrchestratorFault::NoAuthToken) => info.auth_token = None,
            Some(GetOrchestratorFault::IncompatibleCapabilities) => {
                let only = [USELESS_BIT].into_iter().collect();
                info.capabilities = Some(super::capabilities::advertised(&only, &options.version));
            }
            _ => {}
        }
        Ok(info)
    }
}

fn no_terms(error: &TermsError) -> Status {
    Status::unknown(error.to_string())
}

fn capped() -> Status {
    Status::unknown("Invalid orchestrator request: OrchestratorCapped")
}

/// The signature covers the checksummed text of the address, as the verifier writes it.
fn is_signed(request: &net::OrchestratorRequest) -> bool {
    let address = address(&request.address);
    verify_lp(address, address.to_checksum(None).as_bytes(), &request.sig)
}
