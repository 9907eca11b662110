//! The filter language: text to query.

use std::ops::Range;

/// A query that was understood.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// As typed.
    pub text: String,
}

/// A mistake in a query, with its place for a mark.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// Bytes of the query's text.
    pub at: Range<usize>,
    /// A sentence: "stage: knows connect, ehlo, …".
    pub message: String,
}

impl Query {
    /// Reads a query. The empty text matches everything.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Ok(Self { text: text.to_owned() })
    }
}
