//! A pack as a row of a PostgreSQL table.
//!
//! The statements can be run any number of times: the table is made once, and a pack has one row.

use std::fmt::{self, Write as _};

use super::ExportSummary;

/// The table that is filled when none is named.
pub const DEFAULT_TABLE: &str = "gait_pack_index";

/// The columns and their types, in order.
const COLUMNS: [(&str, &str); 18] = [
    ("pack_id", "TEXT PRIMARY KEY"),
    ("pack_type", "TEXT NOT NULL"),
    ("source_ref", "TEXT NOT NULL"),
    ("manifest_digest", "TEXT NOT NULL"),
    ("files_checked", "INTEGER NOT NULL"),
    ("hash_mismatches", "INTEGER NOT NULL"),
    ("missing_files", "INTEGER NOT NULL"),
    ("undeclared_files", "INTEGER NOT NULL"),
    ("signature_status", "TEXT NOT NULL"),
    ("signatures_total", "INTEGER NOT NULL"),
    ("signatures_valid", "INTEGER NOT NULL"),
    ("tool_calls_total", "INTEGER NOT NULL"),
    ("tool_calls_success", "INTEGER NOT NULL"),
    ("tool_calls_success_rate", "DOUBLE PRECISION NOT NULL"),
    ("policy_blocked", "INTEGER NOT NULL"),
    ("approval_required", "INTEGER NOT NULL"),
    ("regress_failures", "INTEGER NOT NULL"),
    ("created_at", "TIMESTAMPTZ NOT NULL"),
];

/// The name of a table, with or without its schema. Nothing in it can end a quoted identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    schema: Option<String>,
    name: String,
}

/// A text that names no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a table name: letters, digits and underscores, with or without a schema before a dot")]
pub struct InvalidTable(String);

impl Table {
    /// Reads `table` or `schema.table`; white space around either part is dropped, and a blank text is the default.
    pub fn parse(text: &str) -> Result<Self, InvalidTable> {
        let identifier = |part: &str| is_identifier(part.trim()).then(|| part.trim().to_owned());
        let name = match text.trim() {
            "" => DEFAULT_TABLE,
            name => name,
        };
        let parsed = match name.split_once('.') {
            None => identifier(name).map(|name| Self { schema: None, name }),
            Some((schema, name)) => identifier(schema)
                .zip(identifier(name))
                .map(|(schema, name)| Self {
                    schema: Some(schema),
                    name,
                }),
        };
        parsed.ok_or_else(|| InvalidTable(text.to_owned()))
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            schema: None,
            name: DEFAULT_TABLE.to_owned(),
        }
    }
}

/// The quoted identifier, which keeps its letter case.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "\"{schema}\".")?;
        }
        write!(f, "\"{}\"", self.name)
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A text that PostgreSQL cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} holds a NUL character, which PostgreSQL cannot store")]
pub struct UnstorableText(&'static str);

/// The statements that put `summary` into `table`, and with `ddl` those that make the table first.
pub fn statements(summary: &ExportSummary, table: &Table, ddl: bool) -> Result<String, UnstorableText> {
    let values = values(summary)?;
    let mut sql = String::with_capacity(4096);
    if ddl {
        write_definition(&mut sql, table);
    }
    let _ = writeln!(sql, "INSERT INTO {table} (");
    write_list(
        &mut sql,
        COLUMNS.iter().map(|(column, _)| (*column).to_owned()),
        "\n",
    );
    sql.push_str(") VALUES (\n");
    write_list(&mut sql, values.into_iter(), "\n");
    sql.push_str(")\nON CONFLICT (pack_id) DO UPDATE SET\n");
    let updates = COLUMNS[1..]
        .iter()
        .map(|(column, _)| format!("{column} = EXCLUDED.{column}"));
    write_list(&mut sql, updates, ";\n");
    Ok(sql)
}

fn write_definition(sql: &mut String, table: &Table) {
    let _ = writeln!(sql, "CREATE TABLE IF NOT EXISTS {table} (");
    write_list(
        sql,
        COLUMNS.iter().map(|(column, kind)| format!("{column} {kind}")),
        "\n",
    );
    sql.push_str(");\n");
    let prefix = table.name.to_ascii_lowercase();
    for (suffix, columns) in [
        ("pack_type_created_at", "pack_type, created_at DESC"),
        ("source_ref", "source_ref"),
    ] {
        let _ = writeln!(
            sql,
            "CREATE INDEX IF NOT EXISTS \"idx_{prefix}_{suffix}\" ON {table} ({columns});"
        );
    }
    sql.push('\n');
}

/// One item a line, with commas between and `end` behind the last.
fn write_list(sql: &mut String, items: impl ExactSizeIterator<Item = String>, end: &str) {
    let last = items.len().saturating_sub(1);
    for (index, item) in items.enumerate() {
        let _ = write!(sql, "  {item}{}", if index == last { end } else { ",\n" });
    }
}

/// The values, in the order of [`COLUMNS`].
fn values(summary: &ExportSummary) -> Result<[String; COLUMNS.len()], UnstorableText> {
    let metrics = &summary.metrics;
    Ok([
        literal("pack_id", &summary.pack_id)?,
        literal("pack_type", &summary.pack_type)?,
        literal("source_ref", &summary.source_ref)?,
        literal("manifest_digest", &summary.manifest_digest)?,
        summary.files_checked.to_string(),
        summary.hash_mismatches.to_string(),
        summary.missing_files.to_string(),
        summary.undeclared_files.to_string(),
        literal("signature_status", &summary.signature_status)?,
        summary.signatures_total.to_string(),
        summary.signatures_valid.to_string(),
        metrics.tool_calls_total.to_string(),
        metrics.tool_calls_success.to_string(),
        format!("{:.6}", metrics.tool_calls_success_rate),
        metrics.policy_blocked.to_string(),
        metrics.approval_required.to_string(),
        metrics.regress_failures.to_string(),
        format!("'{}'::timestamptz", summary.created_at),
    ])
}

/// A text in quotes. Backslashes mean nothing there since PostgreSQL 9.1.
fn literal(column: &'static str, text: &str) -> Result<String, UnstorableText> {
    if text.contains('\0') {
        return Err(UnstorableText(column));
    }
    Ok(format!("'{}'", text.trim().replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_identifiers() {
        for (text, expected) in [
            ("", "\"gait_pack_index\""),
            (" \t", "\"gait_pack_index\""),
            (" t ", "\"t\""),
            ("_T1", "\"_T1\""),
            ("Audit.Pack_Index", "\"Audit\".\"Pack_Index\""),
            (" a . b ", "\"a\".\"b\""),
        ] {
            assert_eq!(Table::parse(text).unwrap().to_string(), expected, "{text:?}");
        }
        for text in [
            "a.b.c", "a-b", "1a", "a.", ".a", ".", "t;drop", "\"t\"", "a b", "tä", "a'",
        ] {
            assert_eq!(Table::parse(text), Err(InvalidTable(text.to_owned())));
        }
        assert_eq!(Table::default(), Table::parse("").unwrap());
    }

    #[test]
    fn texts_cannot_leave_their_quotes() {
        for (text, expected) in [
            ("it's", "'it''s'"),
            (" a\\' ", "'a\\'''"),
            ("", "''"),
            ("'); --", "'''); --'"),
        ] {
            assert_eq!(literal("source_ref", text).unwrap(), expected);
        }
        assert!(literal("source_ref", "a\0b").is_err());
    }

    #[test]
    fn the_row_alone() {
        let summary = ExportSummary {
            pack_id: "id".to_owned(),
            files_checked: 4,
            ..ExportSummary::default()
        };
        let sql = statements(&summary, &Table::parse("A.B").unwrap(), false).unwrap();
        assert!(
            sql.starts_with("INSERT INTO \"A\".\"B\" (\n  pack_id,\n  pack_type,\n"),
            "{sql}"
        );
        assert!(
            sql.contains("\n  created_at\n) VALUES (\n  'id',\n  '',\n  '',\n  '',\n  4,\n"),
            "{sql}"
        );
        assert!(sql.contains("\n  0.000000,\n"), "{sql}");
        assert!(
            sql.contains("\n  '0001-01-01T00:00:00Z'::timestamptz\n)\nON CONFLICT (pack_id) DO UPDATE SET\n"),
            "{sql}"
        );
        assert!(sql.ends_with("  created_at = EXCLUDED.created_at;\n"), "{sql}");
    }

    #[test]
    fn the_definition_comes_first() {
        let table = Table::parse("Audit.Pack_Index").unwrap();
        let sql = statements(&ExportSummary::default(), &table, true).unwrap();
        let (definition, row) = sql.split_once("\n\n").unwrap();
        assert!(row.starts_with("INSERT INTO \"Audit\".\"Pack_Index\" ("));
        let lines: Vec<_> = definition.lines().collect();
        assert_eq!(lines[0], "CREATE TABLE IF NOT EXISTS \"Audit\".\"Pack_Index\" (");
        assert_eq!(lines[1], "  pack_id TEXT PRIMARY KEY,");
        assert_eq!(
            lines[18..],
            [
                "  created_at TIMESTAMPTZ NOT NULL",
                ");",
                "CREATE INDEX IF NOT EXISTS \"idx_pack_index_pack_type_created_at\" ON \"Audit\".\"Pack_Index\" (pack_type, created_at DESC);",
                "CREATE INDEX IF NOT EXISTS \"idx_pack_index_source_ref\" ON \"Audit\".\"Pack_Index\" (source_ref);",
            ]
        );
    }
}
