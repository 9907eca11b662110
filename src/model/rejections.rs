//! Refusals with what is concluded from them, as they are kept: a piece of a snapshot.

use super::{EvidenceRef, Pattern, Records, Rejection, Verdict};
use std::sync::Arc;

/// What is concluded from all refusals with the same masked reply.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// Class, rule, who acts.
    pub verdict: Arc<Verdict>,
    /// The pattern they belong to.
    pub pattern: Arc<Pattern>,
}

/// Refusals in the order of their evidence.
#[derive(Clone, Default, Debug)]
pub struct Rejections {
    evidence: Records,
    /// For each record the number of its conclusion.
    numbers: Vec<u32>,
    conclusions: Vec<Conclusion>,
}

impl Rejections {
    /// `numbers` holds for each record the place of its conclusion.
    pub fn new(evidence: Records, numbers: Vec<u32>, conclusions: Vec<Conclusion>) -> Self {
        assert_eq!(evidence.len(), numbers.len(), "a conclusion for each record");
        Self { evidence, numbers, conclusions }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.evidence.len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.evidence.is_empty()
    }

    /// The refusal at `at`, which must be less than [`Self::len`].
    pub fn get(&self, at: usize) -> RejectionRef<'_> {
        let conclusion = &self.conclusions[self.numbers[at] as usize];
        RejectionRef { evidence: self.evidence.get(at), conclusion }
    }

    /// All, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RejectionRef<'_>> + Clone {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The evidence alone.
    pub fn evidence(&self) -> &Records {
        &self.evidence
    }

    /// The conclusions; one may stand more than once.
    pub fn conclusions(&self) -> &[Conclusion] {
        &self.conclusions
    }

    /// For each refusal the place of its conclusion.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Adds all of `later` at the end.
    pub fn append(&mut self, later: Self) {
        if self.is_empty() {
            *self = later;
            return;
        }
        let known = self.conclusions.len() as u32;
        self.evidence.append(&later.evidence);
        self.numbers.extend(later.numbers.iter().map(|number| number + known));
        self.conclusions.extend(later.conclusions);
    }

    /// Adds a refusal that was put together piece by piece.
    pub fn push(&mut self, rejection: &Rejection) {
        let Rejection { evidence, verdict, pattern } = rejection;
        self.evidence.push_evidence(evidence);
        self.numbers.push(self.conclusions.len() as u32);
        self.conclusions.push(Conclusion { verdict: Arc::clone(verdict), pattern: Arc::clone(pattern) });
    }

    /// Bytes of memory, without verdicts and patterns, which are few.
    pub fn bytes(&self) -> usize {
        self.evidence.bytes() + self.numbers.len() * 4
    }
}

impl<'a> FromIterator<&'a Rejection> for Rejections {
    fn from_iter<I: IntoIterator<Item = &'a Rejection>>(rejections: I) -> Self {
        let mut all = Self::default();
        rejections.into_iter().for_each(|rejection| all.push(rejection));
        all
    }
}

/// One refusal where it is kept.
#[derive(Clone, Copy, Debug)]
pub struct RejectionRef<'a> {
    /// What the evidence says.
    pub evidence: EvidenceRef<'a>,
    /// What is concluded.
    pub conclusion: &'a Conclusion,
}

impl RejectionRef<'_> {
    /// A permanent refusal: a 5yz, or given up.
    pub fn is_permanent(self) -> bool {
        self.evidence.is_permanent()
    }

    /// A copy with texts of its own: for the few that are shown or written about.
    pub fn to_rejection(self) -> Rejection {
        Rejection {
            evidence: self.evidence.to_evidence(),
            verdict: Arc::clone(&self.conclusion.verdict),
            pattern: Arc::clone(&self.conclusion.pattern),
        }
    }
}

/// Puts refusals into words as they are found, so that none has to be kept.
pub trait Print: Send + Sync {
    /// Adds `rejections`, all of the source `source`, to `out`.
    fn print(&self, source: &str, rejections: &Rejections, out: &mut Vec<u8>);
}
