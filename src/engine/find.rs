//! The finder's thread: walks folders and goes through archives, and hands on one source after the other.
//!
//! Small members of archives are kept in memory until a reader takes them; of bigger ones a reader gets what is unpacked
//! here, block by block. So every archive is unpacked once, in bounded memory, and the order is that of its members.

use super::CancelToken;
use super::run::Input;
use super::supply::{Budget, Supply};
use crate::ingest::{
    Archive, Found, Limits, Member, Members, Stream, archive_in_bytes, archive_in_file, archive_or_text,
    discover, open, open_reader, pipe,
};
use crate::model::{MemberPlace, Problem, ProblemKind, SourceLocation, SourceProblem, Zone};
use crossbeam_channel::{Receiver, Sender};
use std::io::{self, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Inputs in which sources are to be found.
pub(super) struct Search {
    /// The case they are for.
    pub case: u64,
    pub inputs: Vec<Input>,
    /// How many texts were pasted before.
    pub n_pasted: u32,
    pub cancel: CancelToken,
    pub bytes_read: Arc<AtomicU64>,
}

/// What was found, for the case with this number.
pub(super) struct Finding {
    pub case: u64,
    pub what: What,
}

/// What there is to say of inputs, in order.
pub(super) enum What {
    Source(FoundSource),
    /// So many bytes of an archive are to be read.
    Bytes(u64),
    Problem(SourceProblem),
    /// An input begins whose time stamps are of this zone where they name none.
    Begin(Zone),
    /// An input ends. If it is called so, it is a folder or archive.
    End(Option<(Arc<str>, Group)>),
    /// That was the search.
    Done,
}

/// What holds several sources.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Folder,
    Archive,
}

/// A source to be read.
pub(super) struct FoundSource {
    pub name: Arc<str>,
    pub location: SourceLocation,
    pub len_bytes: u64,
    /// It was named or pasted, not found in a folder or archive.
    pub named: bool,
    /// It is open already.
    pub supply: Option<Arc<Supply>>,
}

/// A member up to this size is kept in memory until it is read.
const SMALL_BYTES: usize = 256 * 1024;

/// Runs until no more searches come, or nobody wants what is found.
pub(super) fn run(searches: &Receiver<Search>, to: &Sender<Finding>) {
    let budget = Arc::default();
    while let Ok(search) = searches.recv() {
        let finder = Finder { search: &search, to, budget: &budget };
        let mut n_pasted = search.n_pasted;
        for input in &search.inputs {
            let (input, zone) = input.and_zone();
            finder.say(What::Begin(zone));
            let group = finder.find(input, &mut n_pasted);
            finder.say(What::End(group));
        }
        if to.send(Finding { case: search.case, what: What::Done }).is_err() {
            return;
        }
    }
}

struct Finder<'a> {
    search: &'a Search,
    to: &'a Sender<Finding>,
    budget: &'a Arc<Budget>,
}

impl Finder<'_> {
    fn say(&self, what: What) {
        // If the engine is going away, nobody is interested any more.
        let _ = self.to.send(Finding { case: self.search.case, what });
    }

    fn source(&self, name: Arc<str>, location: SourceLocation, len_bytes: u64, named: bool) {
        self.say(What::Source(FoundSource { name, location, len_bytes, named, supply: None }));
    }

    fn unreadable(&self, name: &str, why: String) {
        let problem = Problem { kind: ProblemKind::Unreadable, origin: None, message: why };
        self.say(What::Problem(SourceProblem { source: name.into(), problem }));
    }

    fn find(&self, input: &Input, n_pasted: &mut u32) -> Option<(Arc<str>, Group)> {
        match input {
            Input::Path(path) => self.path(path),
            Input::Stdin => {
                let stdin = || archive_or_text(open::stdin(Arc::clone(&self.search.bytes_read)));
                self.stream("-".into(), SourceLocation::Stream, stdin)
            }
            Input::Pasted(bytes) => {
                *n_pasted += 1;
                let name = format!("pasted text {n_pasted}").into();
                self.source(name, SourceLocation::Memory(Arc::clone(bytes)), bytes.len() as u64, true);
                None
            }
            Input::Named { name, bytes } => {
                let location = SourceLocation::Memory(Arc::clone(bytes));
                match archive_in_bytes(bytes) {
                    Some(archive) => {
                        self.archive(name, Some(location), archive);
                        Some((Arc::clone(name), Group::Archive))
                    }
                    None => {
                        self.source(Arc::clone(name), location, bytes.len() as u64, true);
                        None
                    }
                }
            }
            Input::InZone { input, .. } => self.find(input.and_zone().0, n_pasted),
        }
    }

    fn path(&self, root: &Path) -> Option<(Arc<str>, Group)> {
        let mut group = None;
        for found in discover(root) {
            if self.search.cancel.is_cancelled() {
                break;
            }
            match found {
                Found::File { path, len_bytes, in_folder } => {
                    let is_archive = self.file(path, len_bytes, in_folder);
                    if is_archive && !in_folder {
                        group = Some((root.display().to_string().into(), Group::Archive));
                    }
                }
                Found::Unreadable { path, why } => self.unreadable(&path.display().to_string(), why),
            }
        }
        if root.is_dir() {
            group = Some((root.display().to_string().into(), Group::Folder));
        }
        group
    }

    /// Hands on a file, or the members of an archive. Says whether it is one.
    fn file(&self, path: PathBuf, len_bytes: u64, in_folder: bool) -> bool {
        let name: Arc<str> = path.display().to_string().into();
        let is_pipe = len_bytes == 0 && !path.metadata().is_ok_and(|meta| meta.is_file());
        if is_pipe {
            let location = SourceLocation::File(path.clone());
            let read = Arc::clone(&self.search.bytes_read);
            let opened = || archive_or_text(open::counted(std::fs::File::open(&path)?, read));
            return self.stream(name, location, opened).is_some();
        }
        // What cannot be opened is said when it is read.
        match archive_in_file(&path, &self.search.bytes_read) {
            Ok(Some(archive)) => {
                self.say(What::Bytes(len_bytes));
                self.archive(&name, Some(SourceLocation::File(path)), archive);
                true
            }
            _ => {
                self.source(name, SourceLocation::File(path), len_bytes, !in_folder);
                false
            }
        }
    }

    /// Hands on what can be read only once.
    fn stream(
        &self,
        name: Arc<str>,
        location: SourceLocation,
        open: impl FnOnce() -> io::Result<Stream>,
    ) -> Option<(Arc<str>, Group)> {
        match open() {
            Ok(Stream::Archive(archive)) => {
                self.archive(&name, None, archive);
                return Some((name, Group::Archive));
            }
            Ok(Stream::Text(opened)) => {
                let supply = Some(Supply::new(false, || Ok(opened)));
                self.say(What::Source(FoundSource { name, location, len_bytes: 0, named: true, supply }));
            }
            Err(error) => {
                // So that it is a source, with its problem.
                let supply = Some(Supply::new(false, || Err(error)));
                self.say(What::Source(FoundSource { name, location, len_bytes: 0, named: true, supply }));
            }
        }
        None
    }

    /// Hands on the members of an archive. Without a `location` they cannot be read again.
    fn archive(&self, name: &str, location: Option<SourceLocation>, archive: Archive) {
        let cancel = &self.search.cancel;
        let cancelled = || cancel.is_cancelled();
        let mut members = Unpacking { finder: self, location };
        let walk = || archive.walk(name, None, Limits::default(), &cancelled, &mut members);
        // A panic ends the archive, not the program.
        if catch_unwind(AssertUnwindSafe(walk)).is_err() {
            let message =
                "a mistake in fivefifty ended the reading of this archive; please report it".to_owned();
            let problem = Problem { kind: ProblemKind::Internal, origin: None, message };
            self.say(What::Problem(SourceProblem { source: name.into(), problem }));
        }
    }
}

/// Takes the members of one archive.
struct Unpacking<'a> {
    finder: &'a Finder<'a>,
    location: Option<SourceLocation>,
}

impl Members for Unpacking<'_> {
    fn member(&mut self, member: Member<'_>) {
        let Member { name, place, written, reader } = member;
        let location = match &self.location {
            Some(archive) => {
                let place = MemberPlace { archive: archive.clone(), path: place.to_vec() };
                SourceLocation::Member(Arc::new(place))
            }
            None => SourceLocation::Stream,
        };
        let found = |supply| {
            let name = name.into();
            What::Source(FoundSource { name, location, len_bytes: 0, named: false, supply: Some(supply) })
        };
        let mut bytes = Vec::new();
        let read = (&mut *reader).take(SMALL_BYTES as u64).read_to_end(&mut bytes);
        if read.is_ok() && bytes.len() < SMALL_BYTES {
            bytes.shrink_to_fit();
            let Some(kept) = self.finder.budget.keep(bytes, &self.finder.search.cancel) else { return };
            self.finder.say(found(Supply::new(false, move || {
                open_reader(kept).map(|opened| open::Opened { written, ..opened })
            })));
            return;
        }
        let (to, from) = pipe();
        self.finder.say(found(Supply::new(true, move || {
            open_reader(from).map(|opened| open::Opened { written, ..opened })
        })));
        let mut first = io::Cursor::new(bytes);
        match read {
            Ok(_) => to.pump(&mut first.chain(reader)),
            Err(error) => to.pump_then_fail(&mut first, error),
        }
    }

    fn problem(&mut self, name: &str, kind: ProblemKind, message: String) {
        let problem = Problem { kind, origin: None, message };
        self.finder.say(What::Problem(SourceProblem { source: name.into(), problem }));
    }
}
