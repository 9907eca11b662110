//! The vocabulary of SMTP: pure values, no input, no clock.
//!
//! RFC 5321 (reply codes, paths, stages of a session), RFC 3463 (enhanced status codes).

pub mod path;
pub mod reply;
pub mod stage;
pub mod status;

pub use path::{ReversePath, domain_of, tidy_mailbox};
pub use reply::{NestedReply, Reply, innermost, read_reply, unflatten};
pub use stage::Stage;
pub use status::{EnhancedStatus, ReplyCode};
