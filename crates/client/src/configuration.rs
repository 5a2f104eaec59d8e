//! The servers of one file, and the text with some of them changed.

use crate::client::{Client, Format};
use crate::error::ConfigurationError;
use crate::rewrite::{self, Gateway};
use crate::server::{Launch, Route, Server};
use crate::splice::{Change, splice};
use crate::{json, toml};

/// A client's settings, read.
#[derive(Debug, Clone)]
pub struct Configuration<'t> {
    client: Client,
    text: &'t str,
    servers: Vec<Server>,
}

impl<'t> Configuration<'t> {
    /// Reads `text` as a file of `client`. What has another form than the client documents is an error, also where it would
    /// not matter: half of a configuration is not told from the whole.
    pub fn read(client: Client, text: &'t str) -> Result<Self, ConfigurationError> {
        let servers = match client.format() {
            Format::Json => json::servers(text, client)?,
            Format::CommentedJson => json::servers(&json::without_comments(text), client)?,
            Format::Toml => toml::servers(text, client)?,
        };
        Ok(Self {
            client,
            text,
            servers,
        })
    }

    /// The servers in the order of the file.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The text in which the servers called one of `names` (all, when there are none) are started through `gateway`. Those
    /// that go through a gateway already, and those that are not started at all, stay as they are.
    pub fn wrapped(&self, names: &[String], gateway: &Gateway) -> Result<String, ConfigurationError> {
        self.changed(names, &Route::Gateway, |server, launch| match server.route {
            Route::Direct => rewrite::wrap(self.text, launch, &server.name, gateway),
            Route::Gateway | Route::Remote(_) => Some(Vec::new()),
        })
    }

    /// The text in which the servers called one of `names` (all, when there are none) are started directly again.
    pub fn unwrapped(&self, names: &[String]) -> Result<String, ConfigurationError> {
        self.changed(names, &Route::Direct, |_, launch| {
            Some(rewrite::unwrap(self.text, launch).unwrap_or_default())
        })
    }

    fn changed(
        &self,
        names: &[String],
        goal: &Route,
        change: impl Fn(&Server, &Launch) -> Option<Vec<Change>>,
    ) -> Result<String, ConfigurationError> {
        if let Some(missing) = names
            .iter()
            .find(|name| self.servers.iter().all(|server| server.name != **name))
        {
            return Err(ConfigurationError::NoServer(missing.clone()));
        }
        let is_meant = |server: &Server| names.is_empty() || names.contains(&server.name);
        let mut changes = Vec::new();
        for server in self.servers.iter().filter(|server| is_meant(server)) {
            if let Some(launch) = &server.launch {
                let more = change(server, launch)
                    .ok_or_else(|| ConfigurationError::Unsound(server.place.clone()))?;
                changes.extend(more);
            }
        }
        let text = splice(self.text, changes);
        self.verify(&text, is_meant, goal)?;
        Ok(text)
    }

    /// Reads a changed text again: the same servers must be there, run the same commands, and only those that are meant may
    /// take another way.
    fn verify(
        &self,
        text: &str,
        is_meant: impl Fn(&Server) -> bool,
        goal: &Route,
    ) -> Result<(), ConfigurationError> {
        let changed = Configuration::read(self.client, text)?;
        let unsound = |server: &Server| ConfigurationError::Unsound(server.place.clone());
        if let Some(extra) = changed.servers.get(self.servers.len()) {
            return Err(unsound(extra));
        }
        for (index, old) in self.servers.iter().enumerate() {
            let new = changed.servers.get(index).ok_or_else(|| unsound(old))?;
            let is_same = new.place == old.place
                && match (&old.launch, &new.launch) {
                    (Some(old), Some(new)) => old.own_command() == new.own_command(),
                    (None, None) => true,
                    _ => false,
                };
            let route = if is_meant(old) && old.launch.is_some() {
                goal
            } else {
                &old.route
            };
            if !is_same || new.route != *route {
                return Err(unsound(old));
            }
        }
        Ok(())
    }
}
