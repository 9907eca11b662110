//! stub
/// stub
pub fn is_boundary(line: &[u8], after_blank: bool) -> bool {
    after_blank && line.starts_with(b"From ")
}
