//! The case thread: plans what to read, puts the parts of all sources in order, publishes snapshots.

use super::find::{self, Finding, FoundSource, Group, Search, What};
use super::finish::{Finished, Finisher, Printer};
use super::passages::passages;
use super::run::{Input, Printed, Shared};
use super::segments::{Hands, SEGMENT_BYTES, Segments};
use super::source::{SourceJob, read_source};
use super::{CancelToken, answers, priority};
use crate::correlate::retold;
use crate::group::Judge;
use crate::model::{
    Conclusion, Problem, ProblemKind, Progress, ReadState, Records, Rejections, Snapshot, SourceId,
    SourceProblem, SourceReport, Zone,
};
use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// So many sources may be found and not planned yet.
const MAX_FOUND: usize = 256;

/// How often a snapshot is published at most.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);

/// What the case is asked to do.
pub(super) enum CaseCommand {
    Add(Vec<Input>),
    Stop,
    Clear,
}

/// A part and the reading it belongs to: parts of a case that was closed are dropped.
struct Arrival {
    case: u64,
    source: SourceId,
    part: Finished,
}

/// Runs until the engine is dropped.
pub(super) fn run(shared: &Arc<Shared>, commands: &Receiver<CaseCommand>, answers: &Sender<answers::Ask>) {
    let n_readers = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 16);
    let (jobs, job_queue) = unbounded::<(u64, SourceJob)>();
    let (shares, shared_logs) = unbounded::<Share>();
    let (parts, arrivals) = bounded::<Vec<Arrival>>(4 * n_readers);
    let (found, findings) = bounded::<Finding>(MAX_FOUND);
    let turn = Arc::new(AtomicU32::new(0));
    let printer =
        shared.printing.as_ref().map(|p| Printer { print: Arc::clone(&p.print), turn: Arc::clone(&turn) });
    for n in 0..n_readers {
        let (shared, job_queue, parts) = (Arc::clone(shared), job_queue.clone(), parts.clone());
        let (shares, shared_logs) = (shares.clone(), shared_logs.clone());
        let printer = printer.clone();
        std::thread::Builder::new()
            .name(format!("reader-{n}"))
            .spawn(move || {
                if shared.has_window {
                    priority::give_way();
                }
                let finisher = Finisher { judge: Judge::new(Arc::clone(&shared.knowledge)), printer };
                let mut reader = Reader { finisher, shared, basket: Basket { parts, arrivals: Vec::new() } };
                // The jobs end with the case; whoever shares a log also lends it a hand.
                loop {
                    if job_queue.is_empty() {
                        reader.hand_in();
                    }
                    select! {
                        recv(job_queue) -> job => match job {
                            Ok((case, job)) => reader.read(case, &job, &mut |segments| {
                                for _ in 1..n_readers {
                                    let (source, name) = (job.id, Arc::clone(&job.name));
                                    let share = Share { case, source, name, segments: Arc::clone(segments) };
                                    let _ = shares.send(share);
                                }
                            }),
                            Err(_) => return,
                        },
                        recv(shared_logs) -> share => if let Ok(share) = share { reader.help(&share) },
                    }
                }
            })
            .expect("a thread can be started");
    }
    let mut case = Case::new(shared, jobs, found, answers, turn);
    loop {
        let timeout = if case.dirty { PUBLISH_EVERY } else { Duration::from_secs(3600) };
        select! {
            recv(commands) -> command => match command {
                Ok(CaseCommand::Add(inputs)) => case.add(inputs),
                Ok(CaseCommand::Stop) => case.stop(),
                Ok(CaseCommand::Clear) => case.clear(),
                Err(_) => return,
            },
            recv(findings) -> finding => if let Ok(finding) = finding {
                case.find(finding);
                findings.try_iter().take(MAX_FOUND).for_each(|finding| case.find(finding));
            },
            recv(arrivals) -> arrivals => case.arrive_all(arrivals.unwrap_or_default()),
            default(timeout) => {}
        }
        case.publish_when_due();
    }
}

/// A log that a reader has begun to read in segments.
struct Share {
    case: u64,
    source: SourceId,
    name: Arc<str>,
    segments: Arc<Segments>,
}

/// A reader thread: one source after the other, or a hand lent to another reader.
struct Reader {
    shared: Arc<Shared>,
    finisher: Finisher,
    basket: Basket,
}

/// What a reader has for the case thread. Small sources come in thousands: they are handed in some at a time.
struct Basket {
    parts: Sender<Vec<Arrival>>,
    arrivals: Vec<Arrival>,
}

/// So many small sources are handed in together.
const MAX_BASKET: usize = 64;

/// So many bytes of words are not kept for others to go out with them.
const MANY_WORDS: usize = 64 * 1024;

impl Basket {
    fn put(&mut self, arrival: Arrival) {
        // What is not the end of a source is part of a big one.
        let big = !arrival.part.done;
        self.arrivals.push(arrival);
        if big || self.arrivals.len() >= MAX_BASKET {
            self.hand_in();
        }
    }

    fn hand_in(&mut self) {
        if !self.arrivals.is_empty() {
            // If the engine is going away, nobody is interested any more.
            let _ = self.parts.send(std::mem::take(&mut self.arrivals));
        }
    }
}

impl Reader {
    fn read(&mut self, case: u64, job: &SourceJob, share: &mut dyn FnMut(&Arc<Segments>)) {
        self.careful(case, job.id, &job.name, |hands| {
            if job.cancel.is_cancelled() {
                (hands.send)(Finished { done: true, ..Finished::default() });
            } else {
                read_source(job, hands, share);
            }
        });
    }

    /// Nothing is left to read for now.
    fn hand_in(&mut self) {
        self.basket.hand_in();
    }

    fn help(&mut self, Share { case, source, name, segments }: &Share) {
        self.careful(*case, *source, name, |hands| segments.work(hands));
    }

    /// A panic ends the source, not the program.
    fn careful(&mut self, case: u64, source: SourceId, name: &str, work: impl FnOnce(&mut Hands<'_>)) {
        let basket = &mut self.basket;
        let mut send = |part| basket.put(Arrival { case, source, part });
        let finisher = &mut self.finisher;
        let mut finish = |part| finisher.finish(source, name, part);
        let mut hands = Hands { finish: &mut finish, send: &mut send };
        if catch_unwind(AssertUnwindSafe(|| work(&mut hands))).is_err() {
            self.finisher.judge = Judge::new(Arc::clone(&self.shared.knowledge));
            let message =
                "a mistake in fivefifty ended the reading of this source; please report it".to_owned();
            let problem = Problem { kind: ProblemKind::Internal, origin: None, message };
            send(Finished { problems: vec![problem], done: true, ..Finished::default() });
        }
    }
}

/// Parts of a source that have to wait for the sources before it.
#[derive(Default)]
struct Waiting {
    /// In words, or as they are: those that came in words come first.
    printed: Vec<Vec<u8>>,
    rejections: Rejections,
    problems: Vec<Problem>,
    done: bool,
}

struct Case<'a> {
    shared: &'a Arc<Shared>,
    jobs: Sender<(u64, SourceJob)>,
    found: Sender<Finding>,
    /// What the finder of this case is asked to look for, once there is one.
    searches: Option<Sender<Search>>,
    /// Searches that have not ended.
    n_searches: usize,
    /// What was found out of turn: the problems of what stands before the source with this number.
    found_before: BTreeMap<usize, Vec<SourceProblem>>,
    answers: &'a Sender<answers::Ask>,
    /// Counts cases: raised by `clear`.
    number: u64,
    /// Of the input that is being added.
    zone: Zone,
    snapshot: Snapshot,
    /// Rejections for the next chunk, of sources before or at `turn`.
    ready: Vec<Rejections>,
    /// The first source that is not done: its parts go out at once, those of later ones wait.
    turn: usize,
    /// The same, for the readers.
    shared_turn: Arc<AtomicU32>,
    waiting: BTreeMap<usize, Waiting>,
    /// Refusals in words that are in order and were not handed on yet.
    words: Vec<u8>,
    n_pasted: u32,
    /// The first source of the input that is being looked into.
    input_begins: usize,
    /// Folders and archives that were named, with the range of their sources.
    groups: Vec<(Arc<str>, Group, std::ops::Range<usize>)>,
    bytes_read: Arc<AtomicU64>,
    cancel: CancelToken,
    began: Instant,
    published: Instant,
    dirty: bool,
}

impl<'a> Case<'a> {
    fn new(
        shared: &'a Arc<Shared>,
        jobs: Sender<(u64, SourceJob)>,
        found: Sender<Finding>,
        answers: &'a Sender<answers::Ask>,
        shared_turn: Arc<AtomicU32>,
    ) -> Self {
        shared_turn.store(0, Ordering::Relaxed);
        Self {
            shared,
            jobs,
            found,
            searches: None,
            n_searches: 0,
            found_before: BTreeMap::new(),
            answers,
            number: 0,
            zone: Zone::default(),
            snapshot: Snapshot::default(),
            ready: Vec::new(),
            turn: 0,
            shared_turn,
            waiting: BTreeMap::new(),
            words: Vec::new(),
            n_pasted: 0,
            input_begins: 0,
            groups: Vec::new(),
            bytes_read: Arc::default(),
            cancel: CancelToken::default(),
            began: Instant::now(),
            published: Instant::now(),
            dirty: false,
        }
    }

    fn add(&mut self, inputs: Vec<Input>) {
        if self.snapshot.state != ReadState::Reading {
            self.began = Instant::now();
            self.cancel = self.shared.new_cancel();
            self.bytes_read = Arc::default();
            self.snapshot.progress = Progress::default();
        }
        self.snapshot.state = ReadState::Reading;
        self.dirty = true;
        let n_pasted = self.n_pasted;
        self.n_pasted +=
            inputs.iter().filter(|input| matches!(input.and_zone().0, Input::Pasted(_))).count() as u32;
        let (case, cancel, bytes_read) = (self.number, self.cancel.clone(), Arc::clone(&self.bytes_read));
        let search = Search { case, inputs, n_pasted, cancel, bytes_read };
        let found = self.found.clone();
        // A finder that waits for the input of a closed case keeps no other from its work.
        let searches = self.searches.get_or_insert_with(|| {
            let (searches, to_do) = unbounded();
            let find = move || find::run(&to_do, &found);
            std::thread::Builder::new()
                .name("finder".to_owned())
                .spawn(find)
                .expect("a thread can be started");
            searches
        });
        searches.send(search).expect("the finder lives as long as its case");
        self.n_searches += 1;
        self.publish();
    }

    /// Takes what the finder has found.
    fn find(&mut self, Finding { case, what }: Finding) {
        if case != self.number {
            return;
        }
        self.dirty = true;
        let next = self.snapshot.sources.len();
        match what {
            What::Source(found) => self.add_source(found),
            What::Bytes(n) => self.snapshot.progress.bytes_total += n,
            What::Problem(problem) => {
                self.found_before.entry(next).or_default().push(problem);
                self.take_turns();
            }
            What::Begin(zone) => (self.input_begins, self.zone) = (next, zone),
            What::End(group) => {
                self.groups.extend(group.map(|(name, group)| (name, group, self.input_begins..next)));
            }
            What::Done => {
                self.n_searches -= 1;
                self.end_if_done();
            }
        }
    }

    fn add_source(&mut self, FoundSource { name, location, len_bytes, named, supply }: FoundSource) {
        let id = SourceId(self.snapshot.sources.len() as u32);
        self.snapshot.progress.bytes_total += len_bytes;
        self.snapshot.sources.push_back(SourceReport {
            id,
            name,
            location: location.clone(),
            formats: Vec::new(),
            bytes: 0,
            lines: 0,
            rejections: 0,
            understood: 0,
            done: false,
        });
        // What is in an archive was counted when that was unpacked.
        let bytes_read = if supply.is_some() { Arc::default() } else { Arc::clone(&self.bytes_read) };
        let job = SourceJob {
            id,
            name: Arc::clone(&self.snapshot.sources[id.0 as usize].name),
            location,
            supply,
            year: self.shared.year,
            zone: self.zone,
            named,
            now: chrono::Utc::now(),
            bytes_read,
            cancel: self.cancel.clone(),
            plain: false,
            segment_bytes: SEGMENT_BYTES,
        };
        self.jobs.send((self.number, job)).expect("the readers live as long as the case");
    }

    fn stop(&mut self) {
        // The token was set by the caller; here only what is shown follows.
        if self.snapshot.state == ReadState::Reading {
            self.snapshot.state = ReadState::Stopped;
            self.publish();
        }
    }

    fn clear(&mut self) {
        self.cancel.cancel();
        let generation = self.snapshot.generation;
        let number = self.number + 1;
        let (jobs, found) = (self.jobs.clone(), self.found.clone());
        *self = Self::new(self.shared, jobs, found, self.answers, Arc::clone(&self.shared_turn));
        (self.number, self.snapshot.generation) = (number, generation);
        self.publish();
    }

    fn arrive_all(&mut self, arrivals: Vec<Arrival>) {
        for arrival in arrivals {
            self.arrive(arrival);
        }
        self.hand_words_on();
        // Nothing has changed if all were of a case that is closed.
        if self.dirty {
            self.end_if_done();
        }
    }

    fn arrive(&mut self, Arrival { case, source, part }: Arrival) {
        if case != self.number {
            return;
        }
        let at = source.0 as usize;
        let Finished {
            rejections,
            printed,
            n_rejections,
            formats,
            problems,
            coverage,
            accepted,
            bytes,
            done,
        } = part;
        let report = &mut self.snapshot.sources[at];
        report.bytes = report.bytes.max(bytes);
        report.lines += coverage.lines;
        report.rejections += n_rejections;
        report.understood += coverage.by_daemon.values().map(|d| d.understood).sum::<u64>();
        report.done |= done;
        for format in formats {
            if let Err(place) = report.formats.binary_search(&format) {
                report.formats.insert(place, format);
            }
        }
        self.snapshot.coverage.add(coverage);
        if !accepted.is_empty() {
            for (domain, n) in accepted {
                *self.snapshot.accepted.entry(domain).or_default() += n;
            }
        }
        let waiting = self.waiting.entry(at).or_default();
        waiting.rejections.append(rejections);
        waiting.printed.extend((!printed.is_empty()).then_some(printed));
        waiting.problems.extend(problems);
        waiting.done |= done;
        self.take_turns();
        self.dirty = true;
    }

    /// Moves on what needs to wait no longer.
    fn take_turns(&mut self) {
        loop {
            if let Some(problems) = self.found_before.remove(&self.turn) {
                self.snapshot.problems.extend(problems);
            }
            let Some(waiting) = self.waiting.get_mut(&self.turn) else { return };
            let source = &self.snapshot.sources[self.turn].name;
            let rejections = std::mem::take(&mut waiting.rejections);
            match &self.shared.printing {
                None if rejections.is_empty() => {}
                None => self.ready.push(rejections),
                Some(printing) => {
                    if !rejections.is_empty() {
                        printing.print.print(source, &rejections, &mut self.words);
                    }
                    for words in waiting.printed.drain(..) {
                        if self.words.is_empty() {
                            self.words = words;
                        } else {
                            self.words.extend_from_slice(&words);
                        }
                        if self.words.len() >= MANY_WORDS {
                            printing.send(Printed::Lines(std::mem::take(&mut self.words)));
                        }
                    }
                }
            }
            let problems = waiting.problems.drain(..);
            let named = problems.map(|problem| SourceProblem { source: Arc::clone(source), problem });
            self.snapshot.problems.extend(named);
            if !waiting.done {
                return;
            }
            self.waiting.remove(&self.turn);
            self.turn += 1;
            self.shared_turn.store(self.turn as u32, Ordering::Relaxed);
        }
    }

    /// Those of small sources go out some at a time.
    fn hand_words_on(&mut self) {
        if let (false, Some(printing)) = (self.words.is_empty(), &self.shared.printing) {
            printing.send(Printed::Lines(std::mem::take(&mut self.words)));
        }
    }

    fn end_if_done(&mut self) {
        let all_found = self.n_searches == 0 && self.turn == self.snapshot.sources.len();
        if !all_found || self.snapshot.state == ReadState::Empty {
            return;
        }
        let has_ended = self.snapshot.state == ReadState::Reading;
        if has_ended {
            self.name_what_holds_no_mail();
            self.take_in();
            self.snapshot.retold = retold(&self.snapshot);
            self.snapshot.passages = passages(&self.snapshot, &self.cancel).into_iter().collect();
            self.snapshot.state = ReadState::Done;
        }
        self.snapshot.progress.current = None;
        self.publish();
        if let (true, Some(printing)) = (has_ended, &self.shared.printing) {
            printing.send(Printed::End);
        }
    }

    /// A folder or archive, or a file that was named itself, in which nothing was recognised is worth a sentence.
    fn name_what_holds_no_mail(&mut self) {
        let known = |s: &SourceReport| s.rejections > 0 || s.understood > 0;
        let mut problems = Vec::new();
        let mut say = |source: &Arc<str>, message: String| {
            let problem = Problem { kind: ProblemKind::NotMail, origin: None, message };
            problems.push(SourceProblem { source: Arc::clone(source), problem });
        };
        let told: HashSet<&str> = self.snapshot.problems.iter().map(|p| &*p.source).collect();
        let groups = std::mem::take(&mut self.groups);
        for (name, group, range) in &groups {
            let what = match group {
                Group::Folder => "folder",
                Group::Archive => "archive",
            };
            if range.is_empty() {
                if *group == Group::Folder || !told.iter().any(|source| source.starts_with(&**name)) {
                    say(name, format!("the {what} is empty"));
                }
            } else if !range.clone().any(|at| known(&self.snapshot.sources[at])) {
                say(name, format!("no mail log, transcript or notice was recognised in this {what}"));
            }
        }
        for (at, source) in self.snapshot.sources.iter().enumerate() {
            let in_group = groups.iter().any(|(_, _, range)| range.contains(&at));
            if !known(source) && !in_group && !told.contains(&*source.name) {
                say(&source.name, "no mail log, transcript or notice was recognised in it".to_owned());
            }
        }
        self.snapshot.problems.extend(problems);
    }

    fn publish_when_due(&mut self) {
        if self.dirty && self.published.elapsed() >= PUBLISH_EVERY {
            self.publish();
        }
    }

    /// Puts what is ready into the snapshot.
    fn take_in(&mut self) {
        self.snapshot.push(Arc::new(together(&std::mem::take(&mut self.ready))));
    }

    fn publish(&mut self) {
        self.take_in();
        if self.snapshot.state == ReadState::Reading && self.cancel.is_cancelled() {
            // Who stopped it sees so already; that must not be taken back.
            self.snapshot.state = ReadState::Stopped;
        }
        let progress = &mut self.snapshot.progress;
        progress.bytes_read = self.bytes_read.load(Ordering::Relaxed);
        if self.snapshot.state == ReadState::Reading {
            progress.elapsed = self.began.elapsed();
            progress.current = self.snapshot.sources.get(self.turn).map(|s| Arc::clone(&s.name));
        }
        self.snapshot.generation += 1;
        let snapshot = Arc::new(self.snapshot.clone());
        self.shared.set_snapshot(Arc::clone(&snapshot));
        // The answers thread ends only after this one.
        let _ = self.answers.send(answers::Ask::Snapshot(snapshot));
        (self.shared.wake)();
        self.published = Instant::now();
        self.dirty = false;
    }
}

/// What readers found, as one piece for a snapshot, in memory that is taken at once and by one thread: pieces that grow
/// from what a reader handed in lie among what readers give back, and the holes between them are never filled.
fn together(found: &[Rejections]) -> Rejections {
    let evidence = Records::of_all(found.iter().map(Rejections::evidence));
    let mut numbers = Vec::with_capacity(evidence.len());
    let mut conclusions: Vec<Conclusion> = Vec::new();
    // A reader's parts share their verdicts and patterns.
    let mut known = HashMap::new();
    for part in found {
        let places: Vec<u32> = part
            .conclusions()
            .iter()
            .map(|conclusion| {
                let Conclusion { verdict, pattern } = conclusion;
                *known.entry((Arc::as_ptr(verdict), Arc::as_ptr(pattern))).or_insert_with(|| {
                    conclusions.push(conclusion.clone());
                    (conclusions.len() - 1) as u32
                })
            })
            .collect();
        numbers.extend(part.numbers().iter().map(|number| places[*number as usize]));
    }
    conclusions.shrink_to_fit();
    Rejections::new(evidence, numbers, conclusions)
}
