//! What it costs to find out which tools a repository hands to its agents, however large it is.
//!
//! The figures to reach: 100,000 files take at most 3 seconds, and ten times as long as 10,000 files do. Memory follows the
//! number of different tools and the size of the largest directory, both of which are the same in these trees.

use std::{fs, num::NonZero, path::Path, sync::OnceLock, thread};

use divan::{Bencher, counter::ItemsCount};
use gait_scout::{Surface, snapshot::Scope};
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// Files in a directory.
const SIBLINGS: usize = 100;
/// Different tools in a tree, however many files it has.
const TOOLS: usize = 500;

/// A tree of `files` files such as repositories have: sources with and without tools, configurations with and without
/// servers, and what is no business of a scan.
fn tree(files: usize) -> TempDir {
    let root = tempfile::tempdir().expect("a directory can be made");
    let filler = "# a line of a source that is of no interest to anybody\n".repeat(40);
    for directory in 0..files / SIBLINGS {
        let directory = root
            .path()
            .join(format!("part{}/package{directory}", directory % 16));
        fs::create_dir_all(&directory).expect("a directory can be made");
        for file in 0..SIBLINGS {
            write(&directory, file, &filler);
        }
    }
    root
}

fn write(directory: &Path, file: usize, filler: &str) {
    let tool = (directory.as_os_str().len() * SIBLINGS + file) % TOOLS;
    let (extension, content) = match file % 10 {
        0 => (
            "py",
            format!("{filler}@tool\ndef tool_{tool}(x):\n    pass\n{filler}"),
        ),
        1..4 => ("py", format!("{filler}def helper_{tool}(x):\n    pass\n{filler}")),
        4 => (
            "json",
            format!(r#"{{"mcpServers":{{"server-{tool}":{{"command":"x"}}}}}}"#),
        ),
        5 => (
            "json",
            format!(r#"{{"name":"package","description":{filler:?}}}"#),
        ),
        6 => (
            "yaml",
            format!("servers:\n  server-{tool}:\n    command: x\n{filler}"),
        ),
        7 => ("yml", format!("jobs:\n  - name: build\n{filler}")),
        _ => ("rs", filler.to_owned()),
    };
    fs::write(directory.join(format!("file{file}.{extension}")), content).expect("a file can be written");
}

fn scan(root: &Path, threads: NonZero<usize>) -> Surface {
    let root = root.to_str().expect("the path is text");
    Scope::new(&[root])
        .scan(threads)
        .expect("the tree can be scanned")
}

#[divan::bench(args = [10_000, 100_000], sample_count = 5, sample_size = 1)]
fn snapshot(bencher: Bencher<'_, '_>, files: usize) {
    static SMALL: OnceLock<TempDir> = OnceLock::new();
    static LARGE: OnceLock<TempDir> = OnceLock::new();
    let root = if files == 10_000 { &SMALL } else { &LARGE }.get_or_init(|| tree(files));
    let threads = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    bencher
        .counter(ItemsCount::new(files))
        .bench(|| scan(root.path(), threads));
}
