//! The servers of one file, and the text with some of them changed.

use crate::client::{Client, Format};
use crate::error::ConfigurationError;
use crate::rewrite::{self, Gateway};
use crate::server::{Route, Server};
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
            Format::CommentedJson => {
                let strict = json::without_comments(text);
                let mut servers = json::servers(&strict, client)?;
                for server in &mut servers {
                    // A comment among what is replaced would be lost.
                    server.connection.take_if(|connection| {
                        text.get(connection.span.clone()) != strict.get(connection.span.clone())
                    });
                }
                servers
            }
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

    /// The text in which the servers called one of `names` (all, when there are none) are reached through `gateway`. Those
    /// that go through a gateway already, and those that it cannot come in front of, stay as they are.
    pub fn wrapped(&self, names: &[String], gateway: &Gateway) -> Result<String, ConfigurationError> {
        let goal = |server: &Server| match &server.route {
            route if !server.is_coverable() => route.clone(),
            _ => Route::Gateway,
        };
        let change = |server: &Server| match (&server.route, &server.launch, &server.connection) {
            (Route::Direct, Some(launch), _) => rewrite::wrap(self.text, launch, &server.name, gateway),
            (Route::Remote(address), _, Some(connection)) => Some(rewrite::wrap_connection(
                connection,
                address,
                &server.name,
                gateway,
            )),
            _ => Some(Vec::new()),
        };
        self.changed(names, goal, change)
    }

    /// The text in which the servers called one of `names` (all, when there are none) are reached directly again.
    pub fn unwrapped(&self, names: &[String]) -> Result<String, ConfigurationError> {
        let upstream = |server: &Server| {
            let launch = server.launch.as_ref()?;
            launch.upstream().map(ToOwned::to_owned)
        };
        let goal = |server: &Server| match (upstream(server), &server.route) {
            (Some(address), _) => Route::Remote(address),
            (None, Route::Gateway) => Route::Direct,
            (None, route) => route.clone(),
        };
        let change = |server: &Server| match (upstream(server), &server.launch) {
            (Some(address), _) => {
                let connection = server.connection.as_ref()?;
                Some(rewrite::unwrap_connection(connection, &address))
            }
            (None, Some(launch)) => Some(rewrite::unwrap(self.text, launch).unwrap_or_default()),
            (None, None) => Some(Vec::new()),
        };
        self.changed(names, goal, change)
    }

    fn changed(
        &self,
        names: &[String],
        goal: impl Fn(&Server) -> Route,
        change: impl Fn(&Server) -> Option<Vec<Change>>,
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
            let more = change(server).ok_or_else(|| ConfigurationError::Unsound(server.place.clone()))?;
            changes.extend(more);
        }
        let text = splice(self.text, changes);
        self.verify(&text, is_meant, goal)?;
        Ok(text)
    }

    /// Reads a changed text again: the same servers must be there, run or ask the same in the end, and only those that are meant may
    /// take another way.
    fn verify(
        &self,
        text: &str,
        is_meant: impl Fn(&Server) -> bool,
        goal: impl Fn(&Server) -> Route,
    ) -> Result<(), ConfigurationError> {
        let changed = Configuration::read(self.client, text)?;
        let unsound = |server: &Server| ConfigurationError::Unsound(server.place.clone());
        if let Some(extra) = changed.servers.get(self.servers.len()) {
            return Err(unsound(extra));
        }
        for (index, old) in self.servers.iter().enumerate() {
            let new = changed.servers.get(index).ok_or_else(|| unsound(old))?;
            let is_same = new.place == old.place && new.own() == old.own();
            let route = if is_meant(old) {
                goal(old)
            } else {
                old.route.clone()
            };
            if !is_same || new.route != route {
                return Err(unsound(old));
            }
        }
        Ok(())
    }
}
