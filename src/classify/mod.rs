//! Why it was refused: rules, providers and guidance from `assets/`, and the engine that applies them.

pub mod knowledge;
pub mod rules;

pub use knowledge::{Class, Guide, Knowledge, KnowledgeError, Need, Provider, Step};
pub use rules::{Facts, Rule};
