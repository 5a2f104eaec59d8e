//! Every environment variable the program knows, in one place.

use crate::context::Context;

/// An environment variable: its name and its documentation.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// The name, or a pattern of names with `<...>` in it.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// What holds when it is not set.
    pub default: &'static str,
    /// Which commands look at it.
    pub readers: &'static str,
}

impl Variable {
    /// Its value without surrounding white space; none when it is not set or blank.
    #[must_use]
    pub fn read(&self, context: &Context<'_>) -> Option<String> {
        let value = context.env(self.name)?;
        let trimmed = value.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }
}

/// Where adoption events go.
pub const ADOPTION_LOG: Variable = Variable {
    name: "GAIT_ADOPTION_LOG",
    meaning: "File that gets one JSON line per finished command. A relative path must stay inside the working directory.",
    default: "no adoption log",
    readers: "every command",
};

/// The workflow named in adoption events.
pub const ADOPTION_WORKFLOW: Variable = Variable {
    name: "GAIT_ADOPTION_WORKFLOW",
    meaning: "Name of the workflow the command belongs to, written to adoption events as `workflow_id`.",
    default: "no workflow",
    readers: "every command, with an adoption log",
};

/// Where operational events go.
pub const OPERATIONAL_LOG: Variable = Variable {
    name: "GAIT_OPERATIONAL_LOG",
    meaning: "File that gets a JSON line when a command starts and another when it ends.",
    default: "no operational log",
    readers: "every command",
};

/// Where the health of telemetry is kept.
pub const TELEMETRY_HEALTH_PATH: Variable = Variable {
    name: "GAIT_TELEMETRY_HEALTH_PATH",
    meaning: "File that counts, across commands, how often each telemetry stream could be written. Its directory must exist.",
    default: "no health file",
    readers: "every command, with an adoption or operational log",
};

/// Whether failed telemetry is mentioned.
pub const TELEMETRY_WARN: Variable = Variable {
    name: "GAIT_TELEMETRY_WARN",
    meaning: "`off` silences the warnings about telemetry that could not be written.",
    default: "warnings on standard error",
    readers: "every command, with an adoption or operational log",
};

/// Set for wrapped children.
pub const WRAPPER_MODE: Variable = Variable {
    name: "GAIT_WRAPPER_MODE",
    meaning: "Set for the child of a wrapper to `trace`, `test` or `enforce`.",
    default: "not set",
    readers: "children of `trace`, `test` and `enforce`",
};

/// Credentials of the `env` broker.
pub const BROKER_TOKEN: Variable = Variable {
    name: "GAIT_BROKER_TOKEN_<KEY>",
    meaning: "Credential that the `env` broker issues; variables with the same name and a suffix such as `_EXPIRES_AT` or \
              `_SCOPE` describe it. `--credential-env-prefix` changes the prefix.",
    default: "no credential",
    readers: "`gate eval --credential-broker env`",
};

/// Commands the `command` broker may run.
pub const CREDENTIAL_COMMAND_ALLOWLIST: Variable = Variable {
    name: "GAIT_CREDENTIAL_COMMAND_ALLOWLIST",
    meaning: "The commands that the `command` broker may run.",
    default: "no command",
    readers: "`gate eval --credential-broker command`",
};

/// The policy of the hook of Claude Code.
pub const CLAUDE_POLICY: Variable = Variable {
    name: "GAIT_CLAUDE_POLICY",
    meaning: "The policy that judges the tool calls of Claude Code. `--policy` wins over it.",
    default: "no policy: every call is denied",
    readers: "`hook claude-code`",
};

/// Where the hook of Claude Code leaves traces.
pub const CLAUDE_TRACE_DIR: Variable = Variable {
    name: "GAIT_CLAUDE_TRACE_DIR",
    meaning: "Directory of the traces of tool calls of Claude Code. `--trace-dir` wins over it.",
    default: "`gait-out/integrations/claude_code/hooks`",
    readers: "`hook claude-code`",
};

/// Whether calls of Claude Code that can't be judged run.
pub const CLAUDE_UNSAFE_FAIL_OPEN: Variable = Variable {
    name: "GAIT_CLAUDE_UNSAFE_FAIL_OPEN",
    meaning: "`1`, `true`, `yes` or `on` lets tools of Claude Code run whose call could not be judged.",
    default: "they are denied",
    readers: "`hook claude-code`",
};

/// How many writers a session is expected to have.
pub const SESSION_LOCK_PROFILE: Variable = Variable {
    name: "GAIT_SESSION_LOCK_PROFILE",
    meaning: "`swarm` suits sessions that many agents write to: they wait longer for their turn. Anything else means `standard`.",
    default: "`standard`",
    readers: "`run session`",
};

/// How long to wait for a session.
pub const SESSION_LOCK_TIMEOUT: Variable = Variable {
    name: "GAIT_SESSION_LOCK_TIMEOUT",
    meaning: "How long to wait for a session that others hold, as a duration such as `500ms`.",
    default: "`2s`, in profile `swarm` `10s`",
    readers: "`run session`",
};

/// How often to try for a session.
pub const SESSION_LOCK_RETRY: Variable = Variable {
    name: "GAIT_SESSION_LOCK_RETRY",
    meaning: "The longest pause between two attempts to get a session that others hold, as a duration.",
    default: "`50ms`, in profile `swarm` `20ms`",
    readers: "`run session`",
};

/// When a session's lock counts as abandoned.
pub const SESSION_LOCK_STALE_AFTER: Variable = Variable {
    name: "GAIT_SESSION_LOCK_STALE_AFTER",
    meaning: "Age from which a lock left behind by another program is taken over, as a duration. Locks of this program are \
              taken over as soon as their process is gone.",
    default: "`5m`, in profile `swarm` `10m`",
    readers: "`run session`",
};

/// Key material by variable.
pub const NAMED_BY_FLAG: Variable = Variable {
    name: "<named by a flag>",
    meaning: "Flags that end in `-key-env` name a variable that holds a key: standard base64, white space around it ignored.",
    default: "an unset or blank variable is an error",
    readers: "every command with such a flag",
};

/// The interlock of real replays that is outside the command line.
pub const ALLOW_REAL_REPLAY: Variable = Variable {
    name: "GAIT_ALLOW_REAL_REPLAY",
    meaning: "Must be `1` for `--real-tools` to run anything. `--unsafe-real-tools-env` names another variable.",
    default: "no tool runs",
    readers: "`run replay --real-tools`",
};

/// Where runpacks are kept for good.
pub const HOME: Variable = Variable {
    name: "HOME",
    meaning: "Directory below which `.gait/runpacks` is searched for the runpack of a run id, and `.gait/registry` is the \
              registry's cache.",
    default: "only `gait-out` is searched; `registry` needs `--cache-dir`",
    readers: "every command that takes a run id, `registry`, `doctor`",
};

/// Where Claude Code keeps what is its user's.
pub const CLAUDE_CONFIG_DIR: Variable = Variable {
    name: gait_client::location::variable::CLAUDE_CONFIG_DIR,
    meaning: "Directory in which Claude Code keeps the servers of its user.",
    default: "the home directory",
    readers: "`mcp install`, `mcp uninstall`, `doctor`",
};

/// Where Codex keeps what is its user's.
pub const CODEX_HOME: Variable = Variable {
    name: gait_client::location::variable::CODEX_HOME,
    meaning: "Directory in which Codex keeps the settings of its user.",
    default: "`.codex` in the home directory",
    readers: "`mcp install`, `mcp uninstall`, `doctor`",
};

/// Where programs of the desktop keep settings.
pub const XDG_CONFIG_HOME: Variable = Variable {
    name: gait_client::location::variable::XDG_CONFIG_HOME,
    meaning: "Directory in which Claude Desktop and Visual Studio Code keep the settings of their user, on Linux.",
    default: "`.config` in the home directory",
    readers: "`mcp install`, `mcp uninstall`, `doctor`",
};

/// The proxy in front of servers asked in the clear.
pub const HTTP_PROXY: Variable = Variable {
    name: "HTTP_PROXY",
    meaning: "URL of the proxy in front of servers that are asked without TLS. `http_proxy` means the same.",
    default: "no proxy",
    readers: "`registry install`",
};

/// The proxy in front of servers asked over TLS.
pub const HTTPS_PROXY: Variable = Variable {
    name: "HTTPS_PROXY",
    meaning: "URL of the proxy in front of servers that are asked over TLS. `https_proxy` means the same.",
    default: "no proxy",
    readers: "`registry install`",
};

/// Servers without a proxy.
pub const NO_PROXY: Variable = Variable {
    name: "NO_PROXY",
    meaning: "Names, addresses and networks, separated by commas, that are asked without a proxy; `*` for all. `no_proxy` \
              means the same.",
    default: "only this machine itself",
    readers: "`registry install`",
};

/// Whose certificates are believed.
pub const SSL_CERT_FILE: Variable = Variable {
    name: "SSL_CERT_FILE",
    meaning: "File with the certificates of the authorities that are believed, in PEM; `SSL_CERT_DIR` names directories \
              of such files.",
    default: "the authorities that the operating system trusts",
    readers: "`registry install`",
};

/// Where wrapped and other child programs are found.
pub const PATH: Variable = Variable {
    name: "PATH",
    meaning: "Directories in which child programs are looked up.",
    default: "as the operating system sets it",
    readers: "`trace`, `test`, `enforce`, the `command` broker, `doctor`",
};

/// Where temporary files go.
pub const TMPDIR: Variable = Variable {
    name: "TMPDIR",
    meaning: "Directory for temporary files.",
    default: "`/tmp`",
    readers: "`doctor`",
};

/// Set for the boundary that a canary is sent to.
pub const CANARY_INTENT: Variable = Variable {
    name: "GAIT_CANARY_INTENT",
    meaning: "Set for the boundary of a canary: the file of a call that must be refused.",
    default: "not set",
    readers: "the command of `doctor --canary --via`",
};

/// Set for the boundary that a canary is sent to.
pub const CANARY_TRACE: Variable = Variable {
    name: "GAIT_CANARY_TRACE",
    meaning: "Set for the boundary of a canary: where the trace of the decision may go. A boundary can also name its trace \
              in a line `trace_path=<path>`.",
    default: "not set",
    readers: "the command of `doctor --canary --via`",
};

/// Every variable, in the order of the reference.
pub static VARIABLES: &[Variable] = &[
    ADOPTION_LOG,
    ADOPTION_WORKFLOW,
    OPERATIONAL_LOG,
    TELEMETRY_HEALTH_PATH,
    TELEMETRY_WARN,
    WRAPPER_MODE,
    BROKER_TOKEN,
    CREDENTIAL_COMMAND_ALLOWLIST,
    ALLOW_REAL_REPLAY,
    CLAUDE_POLICY,
    CLAUDE_TRACE_DIR,
    CLAUDE_UNSAFE_FAIL_OPEN,
    SESSION_LOCK_PROFILE,
    SESSION_LOCK_TIMEOUT,
    SESSION_LOCK_RETRY,
    SESSION_LOCK_STALE_AFTER,
    NAMED_BY_FLAG,
    HOME,
    CLAUDE_CONFIG_DIR,
    CODEX_HOME,
    XDG_CONFIG_HOME,
    HTTP_PROXY,
    HTTPS_PROXY,
    NO_PROXY,
    SSL_CERT_FILE,
    PATH,
    TMPDIR,
    CANARY_INTENT,
    CANARY_TRACE,
];
