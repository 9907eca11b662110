//! The filter language: text to query.
//!
//! `code:550 who:dns -domain:example.org ("user unknown" or "no such user")`: words side by side must all match,
//! `or` binds weaker than that, `-` negates what follows it. The fields stand in `fields.rs`, docs/QUERY.md is for
//! users.

use super::lex::{self, Placed, Token};
use super::term::Term;
use std::fmt;
use std::ops::Range;

/// How long a query may be, in bytes.
pub const MAX_LEN_BYTES: usize = 4096;

/// How deep parentheses and minus signs may nest.
pub const MAX_DEPTH: usize = 64;

/// A query that was understood. Prints in one canonical form, which reads back as the same query.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// As typed.
    pub text: String,
    expr: Expr,
}

/// What a query says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Expr {
    /// Matches everything: the empty query.
    #[default]
    All,
    /// One term.
    Term(Term),
    /// Does not match.
    Not(Box<Expr>),
    /// All match; at least two, none of them an `And`.
    And(Vec<Expr>),
    /// One matches; at least two, none of them an `Or`.
    Or(Vec<Expr>),
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
        if text.len() > MAX_LEN_BYTES {
            let at = text.floor_char_boundary(MAX_LEN_BYTES);
            return Err(QueryError::new(at..text.len(), "The query is too long; it may have 4,096 bytes"));
        }
        let tokens = lex::lex(text)?;
        if tokens.is_empty() {
            return Ok(Self { text: text.to_owned(), expr: Expr::All });
        }
        let mut parser = Parser { tokens: &tokens, at: 0, len_bytes: text.len() };
        let expr = parser.any_of(0)?;
        match parser.tokens.get(parser.at) {
            None => Ok(Self { text: text.to_owned(), expr }),
            Some((_, at)) => Err(QueryError::new(at.clone(), "This parenthesis closes nothing")),
        }
    }

    /// What it says.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Matches everything.
    pub fn is_all(&self) -> bool {
        self.expr == Expr::All
    }

    /// The terms that stand side by side at the top; one if the query is a choice.
    pub(super) fn parts(&self) -> &[Expr] {
        match &self.expr {
            Expr::All => &[],
            Expr::And(parts) => parts,
            one => std::slice::from_ref(one),
        }
    }

    pub(super) fn from_expr(expr: Expr) -> Self {
        Self { text: expr.to_string(), expr }
    }

    /// Whether a term of the query fulfils `test`.
    pub fn any_term(&self, test: &dyn Fn(&Term) -> bool) -> bool {
        self.expr.any_term(test)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl QueryError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl Expr {
    /// All of `parts`.
    pub fn and(parts: Vec<Expr>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::And(parts) => parts,
            Self::All => Vec::new(),
            one => vec![one],
        });
        Self::joined(flat.collect(), Self::And)
    }

    /// One of `parts`.
    pub fn or(parts: Vec<Expr>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Or(parts) => parts,
            one => vec![one],
        });
        Self::joined(flat.collect(), Self::Or)
    }

    fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Self {
        match parts.len() {
            0 => Self::All,
            1 => parts.remove(0),
            _ => join(parts),
        }
    }

    fn any_term(&self, test: &dyn Fn(&Term) -> bool) -> bool {
        match self {
            Self::All => false,
            Self::Term(term) => test(term),
            Self::Not(inner) => inner.any_term(test),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.any_term(test)),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Term(term) => term.fmt(f),
            Self::Not(inner) => match **inner {
                Self::And(_) | Self::Or(_) => write!(f, "-({inner})"),
                _ => write!(f, "-{inner}"),
            },
            Self::And(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let space = if i == 0 { "" } else { " " };
                    match part {
                        Self::Or(_) => write!(f, "{space}({part})")?,
                        _ => write!(f, "{space}{part}")?,
                    }
                }
                Ok(())
            }
            Self::Or(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if i == 0 { "" } else { " or " })?;
                }
                Ok(())
            }
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    at: usize,
    len_bytes: usize,
}

impl Parser<'_> {
    fn any_of(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut parts = vec![self.all_of(depth)?];
        while self.peek() == Some(&Token::Or) {
            self.at += 1;
            parts.push(self.all_of(depth)?);
        }
        Ok(Expr::or(parts))
    }

    fn all_of(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut parts = vec![self.one(depth)?];
        loop {
            match self.peek() {
                None | Some(Token::Or | Token::Close) => return Ok(Expr::and(parts)),
                Some(Token::And) => self.at += 1,
                Some(_) => {}
            }
            parts.push(self.one(depth)?);
        }
    }

    fn one(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let Some((token, place)) = self.tokens.get(self.at) else {
            let last = self.tokens.last().map_or(0..self.len_bytes, |(_, at)| at.clone());
            return Err(QueryError::new(last, "Something is missing after this"));
        };
        if depth >= MAX_DEPTH {
            return Err(QueryError::new(place.clone(), "Parentheses and minus signs nest too deep"));
        }
        self.at += 1;
        match token {
            Token::Text(text) if text.is_empty() => {
                Err(QueryError::new(place.clone(), "Nothing stands between the quotation marks"))
            }
            Token::Text(text) => Ok(Expr::Term(Term::Text(text.clone()))),
            Token::Field(name, value, value_at) => match Term::parse(name, value) {
                Ok(term) => Ok(Expr::Term(term)),
                // The mark goes to what is wrong: the name of an unknown field, else the value.
                Err(message) if super::fields::field(name).is_none() => {
                    Err(QueryError::new(place.start..value_at.start, message))
                }
                Err(message) if value.is_empty() => Err(QueryError::new(place.clone(), message)),
                Err(message) => Err(QueryError::new(value_at.clone(), message)),
            },
            Token::Minus => match self.tokens.get(self.at) {
                Some((Token::Or | Token::And | Token::Close, _)) | None => {
                    Err(QueryError::new(place.clone(), "Nothing follows the minus sign"))
                }
                Some(_) => Ok(Expr::Not(Box::new(self.one(depth + 1)?))),
            },
            Token::Open => {
                if self.peek() == Some(&Token::Close) {
                    let end = self.tokens[self.at].1.end;
                    return Err(QueryError::new(place.start..end, "Nothing stands between the parentheses"));
                }
                let inner = self.any_of(depth + 1)?;
                if self.peek() != Some(&Token::Close) {
                    return Err(QueryError::new(place.clone(), "This parenthesis is not closed"));
                }
                self.at += 1;
                Ok(inner)
            }
            Token::Close => Err(QueryError::new(place.clone(), "This parenthesis closes nothing")),
            Token::Or | Token::And => Err(QueryError::new(
                place.clone(),
                "A term is missing here; put quotation marks around the word to look for it",
            )),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = match Query::parse(text) {
            Ok(query) => query.to_string(),
            Err(e) => format!("! [{}] {}", &text[e.at.clone()], e.message),
        };
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn queries() {
        check("", "");
        check("  \t ", "");
        check("user   unknown", "user unknown");
        check("\"user unknown\"", "\"user unknown\"");
        check("\"word\"", "word");
        check("a or b c", "a or b c");
        check("(a or b) c", "(a or b) c");
        check("a (b c)", "a b c");
        check("a or (b or c)", "a or b or c");
        check("a and b OR c", "a b or c");
        check("-(a or b)", "-(a or b)");
        check("-(a)", "-a");
        check("--a", "--a");
        check("-code:5yz x", "-code:5yz x");
        check("\"or\" \"-a\" \"who:\" \"a(b\"", "\"or\" \"-a\" \"who:\" \"a(b\"");
        check("a\"b \"c\\\"d\\\\\"", "\"a\\\"b\" \"c\\\"d\\\\\"");
        check("domain:\"Example.org\" x", "domain:example.org x");
        check("fe80::1 12:30", "fe80::1 12:30");
        check("ärger", "ärger");
    }

    #[test]
    fn mistakes_have_a_place_and_a_sentence() {
        check("a \"b", "! [\"b] The quotation mark is not closed");
        check("x (a", "! [(] This parenthesis is not closed");
        check("a) b", "! [)] This parenthesis closes nothing");
        check("()", "! [()] Nothing stands between the parentheses");
        check("a or", "! [or] Something is missing after this");
        check("or a", "! [or] A term is missing here; put quotation marks around the word to look for it");
        check("-", "! [-] Nothing follows the minus sign");
        check("\"\"", "! [\"\"] Nothing stands between the quotation marks");
        check("x stge:rcpt", "! [stge:] There is no field “stge”; did you mean stage:?");
        check("x stage:rctp_to", "! [rctp_to] stage: does not know “rctp_to”; did you mean rcpt_to?");
        check("seen:", "! [seen:] seen: takes a number with `m`, `h`, `d` or `w`, for example seen:24h");
        let e = Query::parse("http://example.org").unwrap_err();
        assert!(e.message.starts_with("There is no field “http”; put quotation marks"), "{e}");
    }

    #[test]
    fn limits() {
        assert!(Query::parse(&"(".repeat(4000)).is_err());
        assert!(Query::parse(&"-".repeat(4000)).is_err());
        assert!(Query::parse(&format!("{}a{}", "(".repeat(60), ")".repeat(60))).is_ok());
        let e = Query::parse(&"ä".repeat(3000)).unwrap_err();
        assert_eq!(e.at, 4096..6000);
    }

    fn query_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("(".to_owned()),
            Just(")".to_owned()),
            Just("-".to_owned()),
            Just(" or ".to_owned()),
            Just(" ".to_owned()),
            Just("\"".to_owned()),
            Just("\\".to_owned()),
            Just("code:5yz ".to_owned()),
            Just("esc:5.7.* ".to_owned()),
            Just("sender:\"a b\" ".to_owned()),
            Just("until:2026-11-17 ".to_owned()),
            "[a-z:]{1,8}",
            "\\PC{1,4}",
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(text in query_text()) {
            match Query::parse(&text) {
                Ok(query) => {
                    let printed = query.to_string();
                    let again = Query::parse(&printed).unwrap_or_else(|e| panic!("{printed}: {e}"));
                    prop_assert_eq!(again.expr(), query.expr());
                    prop_assert_eq!(again.to_string(), printed);
                }
                Err(e) => prop_assert!(text.get(e.at.clone()).is_some(), "{:?} {:?}", e, text),
            }
        }
    }
}
