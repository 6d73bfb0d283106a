#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

/// The lines of `export --all`: documents `create`, messages as the feed tells them, `close`, and `end`.
namespace foldback::cli {

/// A message's line. Its data is the exact text that was stored.
struct ExportedMessage {
    std::string stream;
    std::string position;   ///< as text; empty for what a fork shares
    std::string_view data;  ///< JSON; views into the line
    std::string_view base64;
    bool is_json = false;
};

/// Throws Failure (usage) when the line is not a message.
[[nodiscard]] ExportedMessage parse_exported(std::string_view line);

[[nodiscard]] bool is_message(std::string_view line) noexcept;

/// What lines that were written tell whoever goes on with them.
struct ExportedSoFar {
    std::set<std::string> created;
    std::string next_position;  ///< empty: no message yet
    std::uint64_t messages = 0;
    bool ended = false;

    void note(std::string_view line);

    /// What a fork shares stands behind the line that creates it, and no line says that it is all of it. When the lines end
    /// there, forgets that stream and returns true: those lines are to be written again.
    [[nodiscard]] bool forget_unfinished();

private:
    std::string
        unfinished_;  ///< the stream whose creation, with what it shares, came last; empty: something follows it
    std::uint64_t inherited_ = 0;  ///< messages that it shares
};

}  // namespace foldback::cli
