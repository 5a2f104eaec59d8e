//! A result that could not be printed does not pass for a success.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::process::Command;

#[test]
fn a_full_disk_is_a_failure() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_gait"))
        .args(["version", "--json"])
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_reader_that_has_seen_enough_is_not() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_gait"))
        .arg("--help")
        .stdout(writer)
        .status()
        .unwrap();
    assert!(status.success());
}
