//! Normal form of a claimed delegation.

use super::required;
use crate::{
    intent::{Delegation, DelegationLink, IntentError, Problem, field::Field},
    text,
    time::Timestamp,
};

pub(super) fn normalize_delegation(delegation: &mut Delegation) -> Result<(), IntentError> {
    let root = Field::Root("delegation");
    required(
        &mut delegation.requester_identity,
        root.member("requester_identity"),
    )?;
    text::trim_lower_in_place(&mut delegation.scope_class);
    text::list_in_place(&mut delegation.token_refs);
    delegation.issued_at = delegation.issued_at.to_utc();
    delegation.expires_at = delegation.expires_at.to_utc();
    let chain = root.member("chain");
    for (index, link) in delegation.chain.iter_mut().enumerate() {
        normalize_link(link, chain.item(index))?;
    }
    check_chain(delegation, chain)?;
    check_span(delegation.issued_at, delegation.expires_at, root)
}

fn normalize_link(link: &mut DelegationLink, field: Field<'_>) -> Result<(), IntentError> {
    required(&mut link.delegator_identity, field.member("delegator_identity"))?;
    required(&mut link.delegate_identity, field.member("delegate_identity"))?;
    text::trim_lower_in_place(&mut link.scope_class);
    text::trim_in_place(&mut link.token_ref);
    link.issued_at = link.issued_at.to_utc();
    link.expires_at = link.expires_at.to_utc();
    check_span(link.issued_at, link.expires_at, field)
}

/// The chain leads without a gap from its first delegator to the requester.
fn check_chain(delegation: &Delegation, field: Field<'_>) -> Result<(), IntentError> {
    for (index, pair) in delegation.chain.windows(2).enumerate() {
        if pair[1].delegator_identity != pair[0].delegate_identity {
            let from = field.item(index).member("delegate_identity").to_string();
            return Err(IntentError::at(
                field.item(index + 1).member("delegator_identity"),
                Problem::Differs { from },
            ));
        }
    }
    match delegation.chain.last() {
        Some(last) if last.delegate_identity != delegation.requester_identity => Err(IntentError::at(
            field.item(delegation.chain.len() - 1).member("delegate_identity"),
            Problem::Differs {
                from: "delegation.requester_identity".to_owned(),
            },
        )),
        _ => Ok(()),
    }
}

fn check_span(issued_at: Timestamp, expires_at: Timestamp, field: Field<'_>) -> Result<(), IntentError> {
    if !issued_at.is_zero() && !expires_at.is_zero() && expires_at <= issued_at {
        return Err(IntentError::at(
            field.member("expires_at"),
            Problem::NotAfter("issued_at"),
        ));
    }
    Ok(())
}
