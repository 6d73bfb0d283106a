#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// What clients of a stream saw, checked exactly: appends return offsets, so the order of everything is known and nothing
/// has to be searched for.
namespace foldback::fault {

/// The clients saw what must not be.
class Violation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

inline void require_history(bool holds, const std::string& what) {
    if (!holds) throw Violation(what);
}

/// One request to append one message that carries a number of its own.
struct AppendSeen {
    std::uint64_t message = 0;
    std::uint64_t invoked = 0;               ///< moments are steps of the run
    std::optional<std::uint64_t> answered;   ///< absent: it never was
    std::optional<std::string> next_offset;  ///< of a 2xx
    bool refused = false;                    ///< a 4xx: it must not be there
    bool duplicate = false;
    std::string producer{};
    std::uint64_t order = 0;  ///< of the producer's messages
};

/// Everything that one reader got, following from where it began.
struct ReaderSeen {
    std::vector<std::uint64_t> messages;
    bool saw_end = false;  ///< was told that the stream is closed and that there is no more
    bool from_start = true;
};

/// The answer to a question where the stream ends.
struct TailSeen {
    std::uint64_t invoked = 0;
    std::uint64_t answered = 0;
    std::string next_offset;
};

struct StreamSeen {
    std::vector<AppendSeen> appends;
    std::vector<ReaderSeen> readers;
    std::vector<TailSeen> tails;             ///< in the order of the questions
    std::optional<std::uint64_t> closed_at;  ///< a 2xx close was answered at this moment
};

/// `log`: the whole stream as it is in the end. Throws Violation.
void check_history(const std::string& stream, const StreamSeen& seen, const std::vector<std::uint64_t>& log);

}  // namespace foldback::fault
