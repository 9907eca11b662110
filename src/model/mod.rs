//! The facts that are passed around: where they came from, what was refused, and what is said about it.

pub mod coverage;
pub mod evidence;
pub mod harvest;
pub mod origin;
pub mod problem;
pub mod records;
pub mod rejection;
pub mod rejections;
pub mod retold;
pub mod snapshot;
pub mod verdict;
pub mod zone;

pub use coverage::{Coverage, DaemonCoverage};
pub use evidence::{Action, Attempt, Direction, Evidence, OriginalMail};
pub use harvest::{Harvest, ReadOptions};
pub use origin::{Origin, SourceId};
pub use problem::{Problem, ProblemKind};
pub use records::{Draft, EvidenceRef, NO_TIME, Records, Try, timestamp};
pub use rejection::{Pattern, Rejection};
pub use rejections::{Conclusion, Print, RejectionRef, Rejections};
pub use retold::{Passage, Retold};
pub use snapshot::{
    MemberPlace, Progress, ReadState, RejectionIdx, Snapshot, SourceLocation, SourceProblem, SourceReport,
};
pub use verdict::{Actor, ClassIdx, Confidence, ProviderIdx, Retry, RuleIdx, Tier, Verdict};
pub use zone::Zone;

/// Text of the evidence, shared between the records that repeat it.
pub type Text = std::sync::Arc<str>;

/// A point in time, always UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
