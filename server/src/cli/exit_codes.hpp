#pragma once

#include <array>
#include <string_view>

namespace foldback::cli {

/// What the process says to the shell. 70, 73 and 78 are sysexits(3) numbers, for supervisors.
enum class ExitCode : int {
    ok = 0,
    no = 1,
    usage = 2,
    unreachable = 3,
    not_found = 4,
    conflict = 5,
    not_allowed = 6,
    timed_out = 7,
    broken = 70,
    locked = 73,
    refused = 78,
    interrupted = 130,
    output_closed = 141,
};

struct ExitCodeMeaning {
    ExitCode code;
    std::string_view meaning;
};

/// Every exit code, for the reference.
inline constexpr std::array exit_code_meanings{
    ExitCodeMeaning{ExitCode::ok, "done"},
    ExitCodeMeaning{ExitCode::no,
                    "the answer is no: damage was found, or the server failed or refused the work; "
                    "`serve`: shutdown was forced"},
    ExitCodeMeaning{ExitCode::usage,
                    "wrong usage: an unknown flag or key, a bad value, a request the server calls malformed"},
    ExitCodeMeaning{ExitCode::unreachable, "the server cannot be reached, or the connection broke"},
    ExitCodeMeaning{ExitCode::not_found, "no such stream (or it is gone), no such data directory, no such file"},
    ExitCodeMeaning{ExitCode::conflict, "conflict: closed, another configuration, offset or sequence does not match"},
    ExitCodeMeaning{ExitCode::not_allowed, "not allowed: the server wants another `STREAM_AUTH`"},
    ExitCodeMeaning{ExitCode::timed_out, "timed out; after a write it is unknown whether the server did it"},
    ExitCodeMeaning{ExitCode::broken, "`serve`: the store broke (a flush failed) or the device fails"},
    ExitCodeMeaning{ExitCode::locked, "another process owns the data directory"},
    ExitCodeMeaning{
        ExitCode::refused,
        "refused to start: the data is damaged, the address is public without consent, or too few files may "
        "be open"},
    ExitCodeMeaning{ExitCode::interrupted, "interrupted by SIGINT or SIGTERM"},
    ExitCodeMeaning{ExitCode::output_closed, "standard output was closed by its reader (as after SIGPIPE)"},
};

}  // namespace foldback::cli
