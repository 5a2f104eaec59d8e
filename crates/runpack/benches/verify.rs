//! How fast runpacks verify, held against how fast one core digests.
//!
//! To reach: a stored runpack of a gibibyte at 80 % of the rate at which one core digests memory or more, in under 64 MiB.
//! The deflated one and the one of records, whose lines are parsed too, are bound by unpacking and parsing; upstream
//! verifies the latter at 160 MB/s, and three times that is the figure to beat.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gait_artifact::runpack::{Manifest, ManifestFile, REFS_PATH, RUN_PATH};
use gait_canon::{Digest, Hasher, json};
use gait_disk::progress::Unwatched;
use gait_runpack::{Content, VerifyOptions, manifest_digest, to_bytes, verify};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const EXTRA_FILES: usize = 11;
const EXTRA_FILE_BYTES: usize = (1 << 30) / EXTRA_FILES;
const RECORD_BYTES: usize = 95 << 20;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    // The test runner of cargo also runs benchmarks, with this argument, and only wants to see that they work.
    let trial = std::env::args().any(|argument| argument == "--test");
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let scale = if trial { 1024 } else { 1 };
    let directory = std::env::temp_dir().join(format!("gait-bench-verify-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let outcome = measure(&directory, wanted.as_deref().unwrap_or_default(), scale);
    fs::remove_dir_all(&directory)?;
    outcome
}

fn measure(directory: &Path, wanted: &str, scale: usize) -> Result<(), Box<dyn Error>> {
    let core = digest_rate();
    println!("one core digests memory at {core:.0} MB/s");
    if "small".contains(wanted) {
        println!("small: {} µs", small(directory)?.as_micros());
    }
    for (name, method, records) in [
        ("stored", CompressionMethod::Stored, false),
        ("deflated", CompressionMethod::Deflated, false),
        ("records, deflated", CompressionMethod::Deflated, true),
    ] {
        if !name.contains(wanted) {
            continue;
        }
        let path = directory.join("runpack.zip");
        let bytes = write_runpack(&path, method, records, scale)?;
        let (memory, processor) = (peak_memory(), processor_time());
        let best = (0..ROUNDS).map(|_| timed(&path)).min().unwrap_or_default();
        let busy = processor_time().saturating_sub(processor) / u32::try_from(ROUNDS)?;
        let (rate, each) = (
            megabytes_per_second(bytes, best),
            megabytes_per_second(bytes, busy),
        );
        println!(
            "{name}: {rate:.0} MB/s, {:.0} % of one core; {each:.0} MB/s for each core in use; peak memory {} MiB (before: {memory})",
            100.0 * rate / core,
            peak_memory()
        );
    }
    Ok(())
}

/// What a command spends on a runpack of two kilobytes.
fn small(directory: &Path) -> Result<Duration, Box<dyn Error>> {
    let path = directory.join("small.zip");
    let mut content = Content::default();
    "run_1".clone_into(&mut content.run.run_id);
    fs::write(&path, to_bytes(&content, None)?.0)?;
    Ok((0..2000).map(|_| timed(&path)).min().unwrap_or_default())
}

fn digest_rate() -> f64 {
    let piece = vec![7; 1 << 20];
    let start = Instant::now();
    let mut hasher = Hasher::new();
    for _ in 0..512 {
        hasher.update(&piece);
    }
    std::hint::black_box(hasher.finish());
    megabytes_per_second(512 << 20, start.elapsed())
}

fn timed(path: &Path) -> Duration {
    let start = Instant::now();
    let verification = verify(path, &VerifyOptions::default(), &Unwatched);
    let elapsed = start.elapsed();
    assert!(verification.is_ok_and(|verification| verification.is_ok()));
    elapsed
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn megabytes_per_second(bytes: usize, elapsed: Duration) -> f64 {
    bytes as f64 / 1e6 / elapsed.as_secs_f64()
}

/// What all threads have used of processors so far, where the system tells; on a busy machine it says more than the clock.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time, in hundredths of a second, are the 14th and 15th field; the second may hold blanks.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(10 * ticks)
}

/// Peak resident memory in MiB; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .map(str::parse);
    kib.map_or(0, |kib: Result<u64, _>| kib.unwrap_or_default() / 1024)
}

/// Writes a runpack and says how many bytes it unpacks to.
fn write_runpack(
    path: &PathBuf,
    method: CompressionMethod,
    records: bool,
    scale: usize,
) -> Result<usize, Box<dyn Error>> {
    let (small, _) = to_bytes(&Content::default(), None)?;
    let mut small = ZipArchive::new(std::io::Cursor::new(small))?;
    let mut archive = ZipWriter::new(BufWriter::new(File::create(path)?));
    let options = SimpleFileOptions::default().compression_method(method);
    let mut files = Vec::new();
    let mut written = 0;
    let mut put = |name: &str, total: usize, text: &dyn Fn(usize) -> String| -> Result<(), Box<dyn Error>> {
        archive.start_file(name, options)?;
        let mut hasher = Hasher::new();
        let mut size = 0;
        while size < total {
            let piece = text(size);
            hasher.update(piece.as_bytes());
            archive.write_all(piece.as_bytes())?;
            size += piece.len();
        }
        written += size;
        files.push(ManifestFile {
            path: name.to_owned(),
            sha256: hasher.finish().to_string(),
        });
        Ok(())
    };
    for name in [RUN_PATH, REFS_PATH] {
        let content =
            std::io::read_to_string(small.by_name(name)?)?.replace(r#""run_id":"""#, r#""run_id":"run_1""#);
        put(name, 1, &|_| content.clone())?;
    }
    let lines = if records { RECORD_BYTES / scale } else { 1 };
    put("intents.jsonl", lines, &|at| line("args", at))?;
    put("results.jsonl", lines, &|at| line("result", at))?;
    if !records {
        for index in 0..EXTRA_FILES {
            put(
                &format!("extra/{index:02}.log"),
                EXTRA_FILE_BYTES / scale,
                &|at| text(index + at),
            )?;
        }
    }
    let mut manifest = Manifest {
        schema_id: "gait.runpack.manifest".to_owned(),
        schema_version: "1.0.0".to_owned(),
        run_id: "run_1".to_owned(),
        capture_mode: "raw".to_owned(),
        files: Some(files),
        ..Manifest::default()
    };
    manifest.manifest_digest = manifest_digest(&manifest).to_string();
    archive.start_file("manifest.json", options)?;
    archive.write_all(json::compact(&json::to_value(&manifest)?).as_bytes())?;
    archive.finish()?.flush()?;
    Ok(written)
}

/// About 64 KiB of log lines, half of which is noise.
fn text(seed: usize) -> String {
    let mut text = String::new();
    for line in 0..512 {
        let noise = Digest::of(format!("{seed} {line}").as_bytes());
        let _ = writeln!(
            text,
            "2026-02-14T00:00:00Z INFO tool.search finished status=ok took=12ms id={noise}"
        );
    }
    text
}

/// A record that carries some 4 KiB.
fn line(member: &str, seed: usize) -> String {
    let mut text = String::new();
    for part in 0..32 {
        let noise = Digest::of(format!("{seed} {part}").as_bytes());
        let _ = write!(
            text,
            "\"key_{part}\":\"a line of what a tool was told, or what it said: {noise}\","
        );
    }
    format!(
        "{{\"{member}\":{{{text}\"n\":{seed}}},\"created_at\":\"2026-02-14T00:00:00Z\",\"intent_id\":\"intent_{seed}\",\"run_id\":\"run_1\"}}\n"
    )
}
