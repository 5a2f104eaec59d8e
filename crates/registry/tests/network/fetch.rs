//! Fetching from servers that misbehave. Everything stays on this machine, and no test waits for time to pass: servers
//! that stall do so until the client gives up.

use std::time::Duration;

use gait_registry::fetch::{FetchOptions, MAX_BODY_BYTES, Pacing, Proxies, Retry, Roots, Timeouts};
use gait_registry::{FetchError, Fetcher, RemoteError, RemotePolicy, RemoteUrl};

use crate::server::{Behaviour, Server, answer};

/// A fetch of `url` where the hosts of these tests are allowed, and how many pauses there were.
struct Client {
    policy: RemotePolicy,
    roots: Roots,
    timeouts: Timeouts,
}

impl Client {
    fn new() -> Self {
        Self {
            policy: RemotePolicy::new(["127.0.0.1", "localhost"], true),
            roots: Roots::Only(Vec::new()),
            timeouts: Timeouts::default(),
        }
    }

    fn trusting(server: &Server) -> Self {
        Self {
            roots: Roots::Only(server.certificate.iter().cloned().collect()),
            ..Self::new()
        }
    }

    /// Gives up on servers that stall, and on no others: those answer at once.
    fn impatient(mut self) -> Self {
        self.timeouts.read = Duration::from_millis(200);
        self
    }

    fn fetch(&self, url: &str) -> (Result<Vec<u8>, FetchError>, usize) {
        let options = FetchOptions {
            policy: &self.policy,
            proxies: Proxies::default(),
            roots: self.roots.clone(),
            timeouts: self.timeouts,
            retry: Retry::default(),
        };
        let url = RemoteUrl::parse(url, &self.policy).unwrap();
        let mut pauses = 0;
        let mut pacing = Pacing {
            pause: &mut |_| pauses += 1,
            jitter: &mut |_| Duration::ZERO,
        };
        let fetched = Fetcher::new(&options).fetch(&url, &mut pacing);
        (fetched, pauses)
    }

    fn failure(&self, url: &str) -> (FetchError, usize) {
        let (fetched, pauses) = self.fetch(url);
        (fetched.unwrap_err(), pauses)
    }
}

#[test]
fn a_document_is_fetched() {
    let server = Server::plain([Behaviour::document(b"hello")]);
    let (fetched, pauses) = Client::new().fetch(&server.url("/p.json?q=1"));
    assert_eq!((fetched.unwrap(), pauses), (b"hello".to_vec(), 0));
    assert_eq!(server.requests(), ["GET /p.json?q=1"]);
}

#[test]
fn what_may_pass_is_tried_again_and_nothing_else() {
    for (behaviour, requests) in [
        (Behaviour::status(429), 2),
        (Behaviour::status(502), 2),
        (Behaviour::status(503), 2),
        (Behaviour::status(504), 2),
        (Behaviour::HangUp, 2),
        (Behaviour::Reset, 2),
        (Behaviour::Answer(answer(100, b"not all of it")), 2),
        (Behaviour::Answer(b"HTTP/1.1 200 O".to_vec()), 2),
        (Behaviour::status(500), 1),
        (Behaviour::status(404), 1),
        (Behaviour::status(204), 1),
        (Behaviour::status(301), 1),
        (Behaviour::Answer(b"SSH-2.0-nonsense\r\n\r\n".to_vec()), 1),
    ] {
        let server = Server::plain([behaviour, Behaviour::document(b"hello")]);
        let (fetched, pauses) = Client::new().fetch(&server.url("/"));
        let seen = server.requests().len();
        assert_eq!((seen, pauses), (requests, requests - 1), "{fetched:?}");
        assert_eq!(fetched.is_ok(), requests == 2, "{fetched:?}");
    }
}

#[test]
fn attempts_come_to_an_end() {
    let server = Server::plain([Behaviour::status(503)]);
    let (failure, pauses) = Client::new().failure(&server.url("/"));
    assert!(
        matches!(failure, FetchError::Status { status: 503, .. }),
        "{failure}"
    );
    assert_eq!((server.requests().len(), pauses), (3, 2));
}

#[test]
fn nobody_listening_is_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let (failure, pauses) = Client::new().failure(&url);
    assert!(matches!(failure, FetchError::Transport { .. }), "{failure}");
    assert_eq!(pauses, 2);
}

#[test]
fn servers_that_stall_are_given_up() {
    let drip = Behaviour::AnswerThenStall(answer(100, b"{"));
    for stalling in [Behaviour::Stall, drip] {
        let server = Server::plain([stalling, Behaviour::document(b"hello")]);
        let (fetched, pauses) = Client::new().impatient().fetch(&server.url("/"));
        assert_eq!((fetched.unwrap(), pauses), (b"hello".to_vec(), 1));
    }
}

#[test]
fn an_attempt_ends_when_its_time_is_up() {
    let server = Server::plain([Behaviour::Stall]);
    let mut client = Client::new();
    client.timeouts.total = Duration::from_millis(100);
    let (failure, pauses) = client.failure(&server.url("/"));
    assert!(failure.is_transient(), "{failure}");
    assert_eq!(pauses, 2);
}

#[test]
fn bodies_are_bounded() {
    let full = vec![b' '; MAX_BODY_BYTES];
    let server = Server::plain([Behaviour::document(&full)]);
    let (fetched, _) = Client::new().fetch(&server.url("/"));
    assert_eq!(fetched.unwrap().len(), MAX_BODY_BYTES);

    let announced = Behaviour::AnswerForever(answer(MAX_BODY_BYTES + 1, b""));
    let unannounced = Behaviour::AnswerForever(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec());
    for behaviour in [announced, unannounced] {
        let server = Server::plain([behaviour]);
        let (failure, pauses) = Client::new().failure(&server.url("/"));
        assert!(matches!(failure, FetchError::TooLarge { .. }), "{failure}");
        assert_eq!(pauses, 0);
    }
}

#[test]
fn headers_are_bounded() {
    let server = Server::plain([Behaviour::AnswerForever(b"HTTP/1.1 200 OK\r\nX:".to_vec())]);
    let (failure, pauses) = Client::new().failure(&server.url("/"));
    assert!(matches!(failure, FetchError::Transport { .. }), "{failure}");
    assert_eq!(pauses, 0);
}

#[test]
fn redirects_are_followed_where_the_rules_allow() {
    for status in [301, 302, 303, 307, 308] {
        let target = Server::plain([Behaviour::document(b"hello")]);
        let server = Server::plain([
            Behaviour::redirect(status, "/next"),
            Behaviour::redirect(status, &target.url("/there?x=1")),
        ]);
        let (fetched, pauses) = Client::new().fetch(&server.url("/from"));
        assert_eq!((fetched.unwrap(), pauses), (b"hello".to_vec(), 0), "{status}");
        assert_eq!(server.requests(), ["GET /from", "GET /next"]);
        assert_eq!(target.requests(), ["GET /there?x=1"]);
    }
}

#[test]
fn redirects_elsewhere_are_refused_unasked() {
    let other = Server::plain([Behaviour::document(b"trap")]);
    let trap = other.url("/").replace("127.0.0.1", "127.0.0.2");
    let server = Server::plain([Behaviour::redirect(302, &trap)]);
    let (failure, pauses) = Client::new().failure(&server.url("/"));
    let FetchError::Redirect { source, .. } = failure else {
        panic!("{failure}")
    };
    assert_eq!(source, RemoteError::HostNotAllowed("127.0.0.2".to_owned()));
    assert_eq!((pauses, other.requests().len()), (0, 0));
}

#[test]
fn redirects_come_to_an_end() {
    let server = Server::plain([Behaviour::redirect(302, "/again")]);
    let (failure, _) = Client::new().failure(&server.url("/"));
    assert!(
        matches!(failure, FetchError::TooManyRedirects { .. }),
        "{failure}"
    );
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn certificates_are_believed_when_their_authority_is() {
    let server = Server::tls("localhost", "localhost", [Behaviour::document(b"hello")]);
    let (fetched, _) = Client::trusting(&server).fetch(&server.url("/p"));
    assert_eq!(fetched.unwrap(), b"hello");
}

#[test]
fn other_certificates_are_not() {
    let stranger = Server::tls("localhost", "localhost", [Behaviour::document(b"trap")]);
    let elsewhere = Server::tls("localhost", "other.example", [Behaviour::document(b"trap")]);
    for (server, client) in [
        (&stranger, Client::trusting(&elsewhere)),
        (&elsewhere, Client::trusting(&elsewhere)),
    ] {
        let (failure, pauses) = client.failure(&server.url("/"));
        assert!(matches!(failure, FetchError::Transport { .. }), "{failure}");
        assert_eq!(pauses, 0, "a bad certificate does not get better: {failure}");
        assert_eq!(server.requests(), <[String; 0]>::default());
    }
    let (failure, _) = Client::new().failure(&stranger.url("/"));
    assert!(matches!(failure, FetchError::NoRoots { .. }), "{failure}");
}

#[test]
fn plain_text_is_not_taken_for_tls() {
    let server = Server::plain([Behaviour::document(b"trap")]);
    let certified = Server::tls("localhost", "localhost", [Behaviour::HangUp]);
    let url = server.url("/").replace("http:", "https:");
    let (failure, _) = Client::trusting(&certified).failure(&url);
    assert!(matches!(failure, FetchError::Transport { .. }), "{failure}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn encryption_is_not_given_up_on_the_way() {
    let plain = Server::plain([Behaviour::document(b"trap")]);
    let server = Server::tls(
        "localhost",
        "localhost",
        [Behaviour::redirect(302, &plain.url("/"))],
    );
    let (failure, _) = Client::trusting(&server).failure(&server.url("/"));
    assert!(
        matches!(
            failure,
            FetchError::Redirect {
                source: RemoteError::Downgrade,
                ..
            }
        ),
        "{failure}"
    );
    assert_eq!(plain.requests().len(), 0);
}

#[test]
fn truncation_under_tls_is_noticed() {
    let cut = Behaviour::Answer(answer(100, b"not all of it"));
    let server = Server::tls("localhost", "localhost", [cut, Behaviour::document(b"hello")]);
    let (fetched, pauses) = Client::trusting(&server).fetch(&server.url("/"));
    assert_eq!((fetched.unwrap(), pauses), (b"hello".to_vec(), 1));
}
