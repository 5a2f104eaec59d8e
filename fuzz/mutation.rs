//! Damaged documents, for the tests that run the fuzz targets on a bounded number of inputs.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

#[derive(Debug, Clone)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Repeat(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    // Half of the bytes are those that mean something to a JSON reader.
    let byte = prop_oneof![
        any::<u8>(),
        select(b"{}[]\",:\\u0123456789abcdefE.-+tn \xFF\xED".to_vec())
    ];
    prop_oneof![
        (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), byte).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        any::<Index>().prop_map(Mutation::Remove),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
    ]
}

fn apply(mut bytes: Vec<u8>, mutations: Vec<Mutation>) -> Vec<u8> {
    for mutation in mutations {
        let len = bytes.len();
        match mutation {
            Mutation::Insert(at, byte) => bytes.insert(at.index(len + 1), byte),
            _ if len == 0 => {}
            Mutation::Replace(at, byte) => bytes[at.index(len)] = byte,
            Mutation::Remove(at) => _ = bytes.remove(at.index(len)),
            Mutation::Repeat(from, to) => {
                let (from, to) = (from.index(len), to.index(len));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(part);
            }
        }
    }
    bytes
}

/// Arbitrary bytes, or one of `seeds` after up to six mutations.
pub(crate) fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => vec(any::<u8>(), 0..200),
        4 => (select(seeds), vec(mutation(), 0..6)).prop_map(|(seed, mutations)| apply(seed, mutations)),
    ]
}
