//! From what a caller wrote to what the program judges.
//!
//! The checks run in one fixed order and the first failure is reported, so that one bad request always gives one error:
//! script, tool name, arguments, targets, provenance, skill, context, delegation.

mod context;
mod credential;
mod delegation;
mod domain;
mod target;
mod tool_name;
mod value;

use crate::{
    intent::{
        ArgProvenance, Intent, IntentError, IntentRequest, Problem, SCHEMA_ID, SCHEMA_VERSION, Script,
        ScriptStep, SkillProvenance, field::Field,
    },
    relationship::Relationship,
    text,
    vocabulary::PROVENANCE_SOURCES,
};

/// The tool name of every scripted intent.
const SCRIPT_TOOL: &str = "script";

/// The largest number of steps in a script.
const MAX_STEPS: usize = 64;

impl IntentRequest {
    /// Checks the request, brings it into normal form and digests it.
    ///
    /// Text is trimmed, closed words are lower-cased, lists are sorted and freed of duplicates, endpoint classes, domains
    /// and destructiveness of targets are inferred where the caller left them open, times become UTC. Digests that the
    /// caller wrote are ignored. Normalising a normal form changes nothing.
    pub fn normalize(mut self) -> Result<Intent, IntentError> {
        fixed_or_empty(&mut self.schema_id, SCHEMA_ID, "schema_id")?;
        fixed_or_empty(&mut self.schema_version, SCHEMA_VERSION, "schema_version")?;
        if let Some(script) = &mut self.script {
            normalize_script(script)?;
            SCRIPT_TOOL.clone_into(&mut self.tool_name);
        }
        required(&mut self.tool_name, Field::Root("tool_name"))?;
        text::trim_lower_in_place(&mut self.tool_name);
        tool_name::check(&self.tool_name, Field::Root("tool_name"))?;
        value::normalize_object(&mut self.args, Field::Root("args"))?;
        target::normalize_targets(&mut self.targets, &self.tool_name, Field::Root("targets"))?;
        normalize_provenance(&mut self.arg_provenance, Field::Root("arg_provenance"))?;
        if let Some(script) = &self.script {
            roll_up(script, &mut self.targets, &mut self.arg_provenance);
        }
        if let Some(skill) = &mut self.skill_provenance {
            normalize_skill(skill)?;
        }
        context::normalize_context(&mut self.context)?;
        if let Some(delegation) = &mut self.delegation {
            delegation::normalize_delegation(delegation)?;
        }
        for digest in [
            &mut self.args_digest,
            &mut self.intent_digest,
            &mut self.script_hash,
        ] {
            digest.clear();
        }
        self.relationship = self.relationship.take().and_then(Relationship::normalized);
        Intent::seal(self)
    }
}

fn normalize_script(script: &mut Script) -> Result<(), IntentError> {
    let field = Field::Root("script");
    let field = field.member("steps");
    if script.steps.is_empty() || script.steps.len() > MAX_STEPS {
        return Err(IntentError::at(field, Problem::Length { max: MAX_STEPS }));
    }
    for (index, step) in script.steps.iter_mut().enumerate() {
        normalize_step(step, field.item(index))?;
    }
    Ok(())
}

fn normalize_step(step: &mut ScriptStep, field: Field<'_>) -> Result<(), IntentError> {
    required(&mut step.tool_name, field.member("tool_name"))?;
    text::trim_lower_in_place(&mut step.tool_name);
    tool_name::check(&step.tool_name, field.member("tool_name"))?;
    value::normalize_object(&mut step.args, field.member("args"))?;
    target::normalize_targets(&mut step.targets, &step.tool_name, field.member("targets"))?;
    normalize_provenance(&mut step.arg_provenance, field.member("arg_provenance"))
}

/// A script that lists no targets (or no provenance) of its own stands for those of its steps.
fn roll_up(script: &Script, targets: &mut Vec<super::Target>, provenance: &mut Vec<ArgProvenance>) {
    if targets.is_empty() {
        targets.extend(script.steps.iter().flat_map(|step| step.targets.iter().cloned()));
        target::sort_targets(targets);
    }
    if provenance.is_empty() {
        provenance.extend(
            script
                .steps
                .iter()
                .flat_map(|step| step.arg_provenance.iter().cloned()),
        );
        sort_provenance(provenance);
    }
}

fn normalize_provenance(entries: &mut Vec<ArgProvenance>, field: Field<'_>) -> Result<(), IntentError> {
    for (index, entry) in entries.iter_mut().enumerate() {
        let field = field.item(index);
        required(&mut entry.arg_path, field.member("arg_path"))?;
        required(&mut entry.source, field.member("source"))?;
        text::trim_lower_in_place(&mut entry.source);
        known_word(&entry.source, PROVENANCE_SOURCES, field.member("source"))?;
        text::trim_in_place(&mut entry.source_ref);
        digest_or_empty(&mut entry.integrity_digest, field.member("integrity_digest"))?;
    }
    sort_provenance(entries);
    Ok(())
}

fn sort_provenance(entries: &mut Vec<ArgProvenance>) {
    entries.sort_unstable();
    entries.dedup();
}

fn normalize_skill(skill: &mut SkillProvenance) -> Result<(), IntentError> {
    let root = Field::Root("skill_provenance");
    required(&mut skill.skill_name, root.member("skill_name"))?;
    required(&mut skill.source, root.member("source"))?;
    required(&mut skill.publisher, root.member("publisher"))?;
    text::trim_lower_in_place(&mut skill.source);
    text::trim_in_place(&mut skill.skill_version);
    text::trim_in_place(&mut skill.signature_key_id);
    digest_or_empty(&mut skill.digest, root.member("digest"))
}

fn fixed_or_empty(value: &mut String, expected: &'static str, field: &str) -> Result<(), IntentError> {
    if value.is_empty() {
        expected.clone_into(value);
    }
    if value == expected {
        Ok(())
    } else {
        Err(IntentError::at(
            Field::Root(field),
            Problem::NotEqual { expected },
        ))
    }
}

/// Trims `value` and refuses a blank one.
fn required(value: &mut String, field: Field<'_>) -> Result<(), IntentError> {
    text::trim_in_place(value);
    if value.is_empty() {
        Err(IntentError::at(field, Problem::Required))
    } else {
        Ok(())
    }
}

fn known_word(value: &str, known: &'static [&'static str], field: Field<'_>) -> Result<(), IntentError> {
    if known.contains(&value) {
        return Ok(());
    }
    Err(IntentError::at(
        field,
        Problem::Unknown {
            value: value.to_owned(),
            expected: known,
        },
    ))
}

/// Trims and lower-cases `value`, which must then be a known word or empty.
fn known_word_or_empty(
    value: &mut String,
    known: &'static [&'static str],
    field: Field<'_>,
) -> Result<(), IntentError> {
    text::trim_lower_in_place(value);
    if value.is_empty() {
        Ok(())
    } else {
        known_word(value, known, field)
    }
}

/// Trims and lower-cases `value`, which must then be a digest or empty.
fn digest_or_empty(value: &mut String, field: Field<'_>) -> Result<(), IntentError> {
    text::trim_lower_in_place(value);
    if value.is_empty() || text::is_hex64(value) {
        return Ok(());
    }
    Err(IntentError::at(field, Problem::NotADigest))
}
