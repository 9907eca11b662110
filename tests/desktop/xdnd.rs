//! A small X client that drops files (XDND version 5) and presses keys (XTEST).

use std::error::Error;
use std::io::IoSlice;
use std::path::Path;
use std::time::{Duration, Instant};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, InputFocus, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The version of XDND that is spoken.
const VERSION: u32 = 5;

/// A connection to the server.
pub struct Desktop {
    conn: RustConnection,
    root: Window,
}

impl Desktop {
    /// Connects to `:7`.
    pub fn connect(display: &str) -> Result<Self> {
        let (conn, screen) = x11rb::connect(Some(display))?;
        let root = conn.setup().roots[screen].root;
        Ok(Self { conn, root })
    }

    /// A window that takes drops and whose title holds `words`.
    pub fn find_window(&self, words: &str) -> Option<Window> {
        let aware = self.atom("XdndAware").ok()?;
        let mut open = vec![self.root];
        while let Some(window) = open.pop() {
            let property = self.conn.get_property(false, window, aware, AtomEnum::ANY, 0, 1).ok()?.reply();
            let takes_drops = property.is_ok_and(|p| p.value_len > 0);
            if takes_drops && self.title(window).is_some_and(|title| title.contains(words)) {
                return Some(window);
            }
            if let Ok(tree) = self.conn.query_tree(window).ok()?.reply() {
                open.extend(tree.children);
            }
        }
        None
    }

    /// The window's title.
    pub fn title(&self, window: Window) -> Option<String> {
        let name = self.atom("_NET_WM_NAME").ok()?;
        let reply = self.conn.get_property(false, window, name, AtomEnum::ANY, 0, 1024).ok()?.reply().ok()?;
        String::from_utf8(reply.value).ok().filter(|title| !title.is_empty())
    }

    /// Left, top, width and height on the screen.
    pub fn place(&self, window: Window) -> Option<(i16, i16, u16, u16)> {
        let size = self.conn.get_geometry(window).ok()?.reply().ok()?;
        let at = self.conn.translate_coordinates(window, self.root, 0, 0).ok()?.reply().ok()?;
        Some((at.dst_x, at.dst_y, size.width, size.height))
    }

    /// Drops files in the middle of `target`; returns when the target says that it has them.
    pub fn drop_files(&self, target: Window, files: &[&Path], patience: Duration) -> Result<()> {
        let source = self.conn.generate_id()?;
        self.conn.create_window(
            COPY_DEPTH_FROM_PARENT,
            source,
            self.root,
            0,
            0,
            1,
            1,
            0,
            WindowClass::INPUT_OUTPUT,
            x11rb::COPY_FROM_PARENT,
            &CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE),
        )?;
        let uris: String = files.iter().map(|f| format!("file://{}\r\n", f.display())).collect();
        let selection = self.atom("XdndSelection")?;
        self.conn.set_selection_owner(source, selection, x11rb::CURRENT_TIME)?;

        let size = self.conn.get_geometry(target)?.reply()?;
        let middle = (i16::try_from(size.width / 2)?, i16::try_from(size.height / 2)?);
        let at = self.conn.translate_coordinates(target, self.root, middle.0, middle.1)?.reply()?;
        let place = u32::from(at.dst_x.unsigned_abs()) << 16 | u32::from(at.dst_y.unsigned_abs());
        let (uri_list, copy) = (self.atom("text/uri-list")?, self.atom("XdndActionCopy")?);
        self.tell(target, "XdndEnter", [source, VERSION << 24, uri_list, 0, 0])?;
        self.tell(target, "XdndPosition", [source, 0, place, x11rb::CURRENT_TIME, copy])?;

        let (status, finished) = (self.atom("XdndStatus")?, self.atom("XdndFinished")?);
        let since = Instant::now();
        while since.elapsed() < patience {
            match self.conn.poll_for_event()? {
                Some(Event::SelectionRequest(request)) => self.hand_over(&request, &uris)?,
                Some(Event::ClientMessage(message)) if message.type_ == status => {
                    if message.data.as_data32()[1] & 1 == 0 {
                        return Err("the window does not take the drop".into());
                    }
                    self.tell(target, "XdndDrop", [source, 0, x11rb::CURRENT_TIME, 0, 0])?;
                }
                Some(Event::ClientMessage(message)) if message.type_ == finished => {
                    self.conn.destroy_window(source)?;
                    self.conn.flush()?;
                    return Ok(());
                }
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        Err("the window does not answer the drop".into())
    }

    /// Gives `window` the keyboard and presses a letter.
    pub fn press(&self, window: Window, letter: char) -> Result<()> {
        self.conn.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?;
        let setup = self.conn.setup();
        let (first, n) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let map = self.conn.get_keyboard_mapping(first, n)?.reply()?;
        let per_key = usize::from(map.keysyms_per_keycode);
        // The keysym of a Latin letter is its code point.
        let at = map.keysyms.iter().position(|sym| *sym == u32::from(letter)).ok_or("no such key")?;
        let keycode = first + u8::try_from(at / per_key)?;
        let xtest = self.conn.extension_information("XTEST")?.ok_or("no XTEST")?;
        for kind in [KEY_PRESS, KEY_RELEASE] {
            // FakeInput: opcodes, length in words, then one event as XTEST writes it.
            let mut request = [0_u8; 36];
            request[0] = xtest.major_opcode;
            request[1] = 2;
            request[2..4].copy_from_slice(&9_u16.to_ne_bytes());
            request[4] = kind;
            request[5] = keycode;
            self.conn.send_request_without_reply(&[IoSlice::new(&request)], Vec::new())?.check()?;
        }
        self.conn.sync()?;
        Ok(())
    }

    /// Answers the target's question for the files' names.
    fn hand_over(&self, request: &SelectionRequestEvent, uris: &str) -> Result<()> {
        let SelectionRequestEvent { requestor, property, target, selection, time, .. } = *request;
        self.conn.change_property8(PropMode::REPLACE, requestor, property, target, uris.as_bytes())?;
        let notify = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time,
            requestor,
            selection,
            target,
            property,
        };
        self.conn.send_event(false, requestor, EventMask::NO_EVENT, notify)?;
        self.conn.flush()?;
        Ok(())
    }

    fn tell(&self, target: Window, what: &str, data: [u32; 5]) -> Result<()> {
        let message = ClientMessageEvent::new(32, target, self.atom(what)?, data);
        self.conn.send_event(false, target, EventMask::NO_EVENT, message)?;
        self.conn.flush()?;
        Ok(())
    }

    fn atom(&self, name: &str) -> Result<Atom> {
        Ok(self.conn.intern_atom(false, name.as_bytes())?.reply()?.atom)
    }
}

const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;
