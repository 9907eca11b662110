//! What is printed for machines and for people.

pub mod jsonl;

pub use jsonl::write_jsonl;
