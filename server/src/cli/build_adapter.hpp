#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/child_process.hpp"
#include "foldback/history/lens.hpp"

namespace foldback::cli {

/// What a build made of some events.
struct FoldedEvents {
    std::vector<std::string> digests;                  ///< of the state after each
    std::vector<std::optional<std::string>> problems;  ///< why it could not be folded
};

/// Our side of the protocol that a service's `debug-adapter` speaks: see docs/debugger.md. All throw Failure when the
/// build dies, says nothing for too long, or says something else.
class BuildAdapter {
public:
    using Document = nlohmann::ordered_json;

    /// `program` alone is run as `program debug-adapter`; a command line of several words as it stands. Waits for what it
    /// says of itself.
    BuildAdapter(const std::string& program, std::chrono::milliseconds timeout);

    [[nodiscard]] const std::string& build() const noexcept { return build_; }

    /// The lens that it sees a stream through, and the identity fields; absent when it has none.
    struct Begun {
        std::string lens;
        std::vector<IdentityField> identity;
    };
    [[nodiscard]] std::optional<Begun> begin(const std::string& stream);

    /// In two halves, so that two builds work at the same time.
    void send(const std::vector<std::string>& events);
    [[nodiscard]] FoldedEvents receive();

    /// After so many of the last events.
    [[nodiscard]] Document state_after(std::size_t events);

private:
    void ask(const Document& question);
    /// The answer, which must be of this type.
    [[nodiscard]] Document answer(const char* type);
    [[noreturn]] void refuse(const std::string& what) const;

    std::string program_;
    std::chrono::milliseconds timeout_;
    ChildProcess process_;
    std::string build_;
    std::size_t sent_ = 0;
};

}  // namespace foldback::cli
