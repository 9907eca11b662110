//! What the program carries in itself is built in anew when it changes: `include_dir!` alone does not notice.

fn main() {
    println!("cargo:rerun-if-changed=assets");
    println!("cargo:rerun-if-changed=sample-logs");
}
