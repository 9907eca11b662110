//! Why it was refused: rules, providers and guidance from `assets/`, and the engine that applies them.
//!
//! [`Knowledge`] is loaded once ([`load`]) and then only read. [`engine`] gives a verdict on one reply: the words of
//! the innermost reply decide before its codes, a provider's own words before words that many servers use.
//! [`lint()`] proves the rules against the samples they carry.

mod engine;
pub mod explain;
mod index;
pub mod knowledge;
mod lines;
pub mod lint;
mod load;
#[cfg(test)]
mod misleading;
mod provider;
pub mod rules;
mod schema;
mod text;

pub use explain::{Why, explain_tier};
pub use knowledge::{Class, Guide, Knowledge, KnowledgeError, Need, Provider, Severity, Step};
pub(crate) use lines::{reply_codes, reply_lines};
pub use lint::lint;
pub use rules::{Facts, Rule, Sample};
