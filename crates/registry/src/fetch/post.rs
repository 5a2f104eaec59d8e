//! A message to a server: the same rules about whom to talk to, and for how long.

use ureq::http::StatusCode;

use super::{FetchError, Fetcher, RemoteUrl, transport};

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Names and values of headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl Fetcher<'_> {
    /// Posts `message` to `url` once, and gives the status code of the answer when that is a success (2xx). Nothing else of
    /// the answer is read, and no redirect is followed.
    pub fn post(&self, url: &RemoteUrl, message: &Message<'_>) -> Result<u16, FetchError> {
        let proxy = self.way_to(url)?;
        let mut request = self.agent.post(url.uri().clone());
        for (name, value) in message.headers {
            request = request.header(*name, *value);
        }
        let answer = request
            .config()
            .timeout_global(Some(self.options.timeouts.total))
            .proxy(proxy)
            .build()
            .send(message.body)
            .map_err(|error| transport(url, error))?;
        match answer.status() {
            status if status.is_success() => Ok(status.as_u16()),
            status => Err(FetchError::Status {
                url: url.clone(),
                status: StatusCode::as_u16(&status),
            }),
        }
    }
}
