//! Changing a query by clicks: every facet, bar and pill edits the text, so that what is shown can be read and saved.

use super::parse::{Expr, Query};

impl Query {
    /// Whether `term` (`who:dns_owner`, `-code:550`) stands in this query as a term of its own.
    pub fn has_term(&self, term: &str) -> bool {
        Self::parse(term).is_ok_and(|term| !term.is_all() && self.parts().contains(term.expr()))
    }

    /// The text with `term` added at the end, or taken out if it stands in it. A term that is no query changes
    /// nothing.
    pub fn with_term(&self, term: &str) -> String {
        let Ok(term) = Self::parse(term) else { return self.text.clone() };
        let mut parts = self.parts().to_vec();
        match parts.iter().position(|part| part == term.expr()) {
            Some(at) => drop(parts.remove(at)),
            None => parts.push(term.expr().clone()),
        }
        Self::from_expr(Expr::and(parts)).text
    }

    /// The text without its last term; of a choice, without the last alternative.
    pub fn without_last_term(&self) -> String {
        let shorter = match self.expr() {
            Expr::And(parts) => Expr::and(parts[..parts.len() - 1].to_vec()),
            Expr::Or(parts) => Expr::or(parts[..parts.len() - 1].to_vec()),
            _ => Expr::All,
        };
        Self::from_expr(shorter).text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn terms_are_added_and_taken_out() {
        for (text, term, expect) in [
            ("", "who:dns", "who:dns_owner"),
            ("who:dns", "who:dns_owner", ""),
            ("code:550 who:dns x", "who:dns_owner", "code:550 x"),
            ("stage:rcpt", "stage:data", "stage:rcpt_to stage:data"),
            ("a or b", "who:dns", "(a or b) who:dns_owner"),
            ("-code:550", "code:550", "-code:550 code:550"),
            ("-code:550", "-code:550", ""),
            ("x", "source:\"my mail.log\"", "x source:\"my mail.log\""),
            ("x  y", "no:field", "x  y"),
        ] {
            assert_eq!(query(text).with_term(term), expect, "{text} + {term}");
        }
        assert!(query("a who:dns").has_term("who:dns_owner"));
        assert!(!query("a or who:dns").has_term("who:dns_owner"));
        assert!(!query("-who:dns").has_term("who:dns_owner"));
        assert!(!query("a").has_term(""));
    }

    #[test]
    fn the_last_term_goes() {
        for (text, expect) in [
            ("", ""),
            ("a", ""),
            ("a b code:550", "a b"),
            ("a or b", "a"),
            ("a (b or c)", "a"),
            ("-(a b)", ""),
        ] {
            assert_eq!(query(text).without_last_term(), expect, "{text}");
        }
    }
}
