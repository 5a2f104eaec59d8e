//! The exported SQL, run by a real PostgreSQL server.
//!
//! The server lives in a temporary directory and listens on a socket there. Without its programs the test is skipped,
//! unless the variable `GAIT_TEST_POSTGRES` is `required`.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gait_artifact::Timestamp;
use gait_pack::export::{ExportSummary, RunMetrics, Table, sql_statements};
use tempfile::TempDir;

/// The accounts a server started by root may run as: PostgreSQL refuses root.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

struct Server {
    programs: PathBuf,
    directory: TempDir,
    account: Option<&'static str>,
}

impl Server {
    /// Starts a server, or gives nothing when none is installed.
    fn start() -> Option<Self> {
        let programs = programs()?;
        let directory = tempfile::tempdir().unwrap();
        let server = Self {
            programs,
            account: account(directory.path()),
            directory,
        };
        let data = server.path("data");
        server.run(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "gait",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ],
        );
        let options = format!(
            "-k {} -c listen_addresses= -c fsync=off",
            server.directory.path().display()
        );
        let log = server.path("log");
        server.run(
            "pg_ctl",
            &["-D", &data, "-w", "-l", &log, "-o", &options, "start"],
        );
        Some(server)
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs a program of the server as an account that PostgreSQL accepts.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = match self.account {
            Some(account) => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid", account, "--regid"])
                    .arg(group_of(account))
                    .arg("--clear-groups")
                    .arg(program);
                command
            }
            None => Command::new(program),
        };
        // The server goes on when this program has ended, so it must not hold its output open.
        let status = command
            .args(arguments)
            .current_dir(self.directory.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        assert!(status.success(), "{command:?}: {status}\n{log}");
    }

    fn psql(&self, sql: &str) -> Output {
        let file = self.path("statements.sql");
        fs::write(&file, sql).unwrap();
        Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "gait",
                "-d",
                "postgres",
                "-f",
                &file,
                "-h",
            ])
            .arg(self.directory.path())
            .env("PGTZ", "UTC")
            .output()
            .unwrap()
    }

    /// What the statements print.
    fn query(&self, sql: &str) -> String {
        let output = self.psql(sql);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if Path::new(&self.path("data/postmaster.pid")).exists() {
            self.run(
                "pg_ctl",
                &["-D", &self.path("data"), "-m", "immediate", "-w", "stop"],
            );
        }
    }
}

/// The directory with the programs of the server: one of `PATH`, or where Debian keeps the newest.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .filter_map(|version| Some(version.ok()?.path()))
                .collect()
        })
        .unwrap_or_default();
    versions.sort_by_key(|version| {
        let number = version
            .file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(number)
    });
    std::env::split_paths(&path)
        .chain(versions.into_iter().map(|version| version.join("bin")))
        .find(|directory| {
            ["initdb", "pg_ctl", "psql"]
                .iter()
                .all(|program| directory.join(program).is_file())
        })
}

/// For root, an account that the server can run as; the directory is made its own.
fn account(directory: &Path) -> Option<&'static str> {
    if id(&["-u"]).as_deref() != Some("0") {
        return None;
    }
    let (account, user) = ACCOUNTS
        .into_iter()
        .find_map(|account| Some((account, id(&["-u", account])?)))
        .expect("a system with PostgreSQL has an account for it");
    chown(directory, Some(user.parse().unwrap()), None).unwrap();
    Some(account)
}

fn group_of(account: &str) -> String {
    id(&["-g", account]).unwrap()
}

fn id(arguments: &[&str]) -> Option<String> {
    let output = Command::new("id").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn summary(pack_id: &str) -> ExportSummary {
    ExportSummary {
        pack_id: pack_id.to_owned(),
        pack_type: "run".to_owned(),
        source_ref: r#"it's a "run" \' ; DROP TABLE x; -- é $1 :name"#.to_owned(),
        manifest_digest: "ab".repeat(32),
        files_checked: 4,
        signature_status: "missing".to_owned(),
        created_at: Timestamp::from_unix(1_771_027_200, 500_000_000),
        metrics: RunMetrics {
            tool_calls_total: 3,
            tool_calls_success: 2,
            tool_calls_success_rate: 2.0 / 3.0,
            ..RunMetrics::default()
        },
        ..ExportSummary::default()
    }
}

/// Loads the statements twice: with and without the definition of the table.
fn loads_and_updates(server: &Server, table: &str) {
    let table = Table::parse(table).unwrap();
    let first = summary("pack_1");
    let load =
        |summary: &ExportSummary, ddl: bool| server.query(&sql_statements(summary, &table, ddl).unwrap());
    load(&first, true);
    load(&first, true);
    load(&summary("pack_2"), false);
    let rows = server.query(&format!(
        "SELECT pack_id, files_checked, hash_mismatches, round(tool_calls_success_rate::numeric, 6), created_at \
         FROM {table} ORDER BY pack_id;"
    ));
    assert_eq!(
        rows,
        "pack_1|4|0|0.666667|2026-02-14 00:00:00.5+00\npack_2|4|0|0.666667|2026-02-14 00:00:00.5+00\n"
    );
    let references = server.query(&format!("SELECT DISTINCT source_ref FROM {table};"));
    assert_eq!(references.trim_end_matches('\n'), first.source_ref);

    let damaged = ExportSummary {
        hash_mismatches: 2,
        signature_status: "failed".to_owned(),
        ..first
    };
    load(&damaged, false);
    let row = server.query(&format!(
        "SELECT count(*), max(hash_mismatches), max(signature_status) FROM {table} WHERE pack_id = 'pack_1';"
    ));
    assert_eq!(row, "1|2|failed\n");
}

#[test]
fn a_server_takes_the_statements() {
    let Some(server) = Server::start() else {
        let required = std::env::var("GAIT_TEST_POSTGRES").is_ok_and(|value| value == "required");
        assert!(!required, "PostgreSQL is not installed");
        println!("skipped: PostgreSQL is not installed");
        return;
    };
    loads_and_updates(&server, "");
    server.query("CREATE SCHEMA \"Audit\";");
    loads_and_updates(&server, "Audit.Pack_Index");
    let indexes = server.query("SELECT indexname FROM pg_indexes WHERE schemaname = 'Audit' ORDER BY 1;");
    assert_eq!(
        indexes,
        "Pack_Index_pkey\nidx_pack_index_pack_type_created_at\nidx_pack_index_source_ref\n"
    );
    let refused =
        server.psql(&sql_statements(&summary("x"), &Table::parse("absent.t").unwrap(), false).unwrap());
    assert!(!refused.status.success());
}
