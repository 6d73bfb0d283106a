#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/output.hpp"
#include "cli/progress.hpp"

/// What the command line asked for, as plain values. One struct per verb; the parser fills it, `run` acts on it.
namespace foldback::cli {

/// What every verb understands.
struct CommonOptions {
    std::string url;      ///< empty: STREAM_URL, else the standard one
    std::string auth;     ///< empty: STREAM_AUTH
    std::string token;    ///< empty: FOLDBACK_TOKEN
    std::string ca_file;  ///< empty: FOLDBACK_CA_FILE, else the system's roots
    std::string data;     ///< a data directory to read instead of a server; empty: the server
    std::uint64_t timeout_ms = 30'000;
    bool json = false;
    bool quiet = false;
    ColorChoice color = ColorChoice::automatic;
    ProgressMode progress = ProgressMode::automatic;
};

struct ServeCommand {
    std::string config;                        ///< empty: FOLDBACK_CONFIG, else the system's file
    std::map<std::string, std::string> flags;  ///< settings given as flags
};

struct ConfigShowCommand {
    ServeCommand serve;
};

/// Like ConfigShowCommand, but says only whether `serve` would start.
struct CheckConfigCommand {
    ServeCommand serve;
};

/// How a stream's content type is given: `--content-type`, or `--json` for application/json.
struct ContentType {
    std::string text;  ///< empty: not given
};

struct CreateCommand {
    std::string stream;
    ContentType content_type;
    std::string file;  ///< initial content; "-" is standard input; empty: none
    std::optional<std::uint64_t> ttl_seconds;
    std::string expires_at;
    bool closed = false;
};

struct AppendCommand {
    std::string stream;
    std::vector<std::string> words;  ///< the content, joined by blanks; empty: `file`, else standard input
    ContentType content_type;
    std::string file;
    bool batch_json = false;  ///< the elements of a JSON array are messages
    bool ndjson = false;      ///< each line is a message
    std::size_t batch_messages = 1'000;
    std::size_t batch_bytes = 1 << 20;
    std::string expected_offset;
    std::string stream_seq;
    std::string producer_id;
    std::uint64_t producer_epoch = 0;
    bool close = false;
};

enum class LiveMode : std::uint8_t { automatic, sse, long_poll };

struct ReadCommand {
    std::string stream;
    std::string offset = "-1";
    std::optional<std::uint64_t> limit;  ///< messages of a JSON stream, else bytes
    bool until_end = false;
    bool backward = false;
    LiveMode live = LiveMode::automatic;
    std::uint64_t give_up_after_ms = 300'000;  ///< of failing reconnections
};

struct TailCommand {
    std::string stream;
    std::optional<std::uint64_t> last;  ///< messages; absent: 10 of a JSON stream, none of another
    bool follow = false;
    LiveMode live = LiveMode::automatic;
    std::uint64_t give_up_after_ms = 300'000;
};

struct HeadCommand {
    std::string stream;
};
struct CloseCommand {
    std::string stream;
};
struct DeleteCommand {
    std::string stream;
};

struct TruncateCommand {
    std::string stream;
    std::string before;  ///< an offset, or `now`
};

struct ForkCommand {
    std::string source;
    std::string stream;
    std::string offset;  ///< empty: the source's tail
    std::uint64_t sub_offset = 0;
    std::optional<std::uint64_t> ttl_seconds;
    std::string expires_at;
};

struct ListCommand {
    std::string prefix;
    std::optional<std::uint64_t> limit;
    bool long_form = false;
};

/// A question to the debugger; which fields matter depends on the verb.
struct DebugCommand {
    enum class Verb : std::uint8_t { show, log, diff, blame, find, what_if, shrink, export_history };

    Verb verb = Verb::show;
    std::string stream;  ///< `find`: may end in `*`, or be empty for everything; `export`: - is an answer of `shrink`
    std::string lens;    ///< empty: the stream's own
    std::string at;      ///< a moment; empty: the tail
    std::string from;    ///< a moment, or the number of an event
    std::string to;
    std::uint64_t limit = 100;
    std::string first;  ///< an invariant or an expression
    std::string keep;   ///< an invariant or an expression
    std::string as = "ndjson";
    std::string events;  ///< numbers and ranges; empty: all
    std::vector<std::uint64_t> skip;
    std::vector<std::string> replace;  ///< N=JSON
    std::vector<std::string> insert;   ///< N=JSON
    std::string save_as;
};

struct TraceCommand {
    std::string id;  ///< of an event, a correlation, a causation or a command; with `event`: a stream
    std::optional<std::uint64_t> event;  ///< its number
    std::uint64_t limit = 500;
    bool dot = false;
};

struct BisectCommand {
    std::string stream;
    std::string lens;
    std::string run;   ///< a command line for the shell
    std::string good;  ///< a moment; empty: the first
    std::string bad;   ///< a moment; empty: the tail
};

struct CompareCommand {
    std::string old_build;  ///< a program, or a command line of several words
    std::string new_build;
    std::string streams;  ///< one; or all that begin so, when it ends in `*`; or empty for everything
    std::uint64_t limit = 20;
};

/// Every stream, as lines that `import` reads.
struct ExportAllCommand {
    std::string prefix;
    std::string file;     ///< empty: standard output
    bool resume = false;  ///< go on where the file ends
};

struct ImportCommand {
    std::string file = "-";
    std::string id = "import";  ///< of the producer: the same one again adds nothing twice
    bool dry_run = false;
};

struct BackupCommand {
    std::string repository;
    std::optional<std::uint64_t> keep;  ///< forget all but so many backups afterwards
    bool list = false;
};

struct RestoreCommand {
    std::string repository;
    std::string backup;  ///< empty: the newest, or the oldest that reaches the moment
    std::optional<std::uint64_t> position;
    std::string before;  ///< RFC 3339
};

struct VerifyCommand {};
struct SalvageCommand {};
struct ScavengeCommand {
    double dead_fraction = 0.05;
};
struct StatsCommand {};
struct TopCommand {
    std::string admin = "http://127.0.0.1:4438";
    std::uint64_t interval_ms = 2'000;
    std::optional<std::uint64_t> rounds;  ///< absent: until it is interrupted
};
struct VersionCommand {};

struct CompletionCommand {
    std::string shell;
};
/// Hidden: prints the reference tables of docs/operations.md, or the manual page.
struct ReferenceCommand {
    bool as_manual_page = false;
};

using Command =
    std::variant<ServeCommand, ConfigShowCommand, CheckConfigCommand, CreateCommand, AppendCommand, ReadCommand,
                 TailCommand, HeadCommand, CloseCommand, DeleteCommand, TruncateCommand, ForkCommand, ListCommand,
                 DebugCommand, TraceCommand, BisectCommand, CompareCommand, ExportAllCommand, ImportCommand,
                 BackupCommand, RestoreCommand, VerifyCommand, SalvageCommand, ScavengeCommand, StatsCommand,
                 TopCommand, VersionCommand, CompletionCommand, ReferenceCommand>;

struct CommandLine {
    CommonOptions common;
    Command command;
};

}  // namespace foldback::cli
