#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "cli/exit_codes.hpp"

namespace foldback::cli {

/// Ends a command: what happened and why (`what()`), the next thing to do, and the exit code.
class Failure : public std::runtime_error {
public:
    Failure(ExitCode code, const std::string& what, std::string remedy = {})
        : std::runtime_error(what), code_(code), remedy_(std::move(remedy)) {}

    [[nodiscard]] ExitCode code() const noexcept { return code_; }
    /// A sentence or a command; may be empty.
    [[nodiscard]] const std::string& remedy() const noexcept { return remedy_; }

private:
    ExitCode code_;
    std::string remedy_;
};

/// The reader of standard output went away: the command ends without a word.
struct OutputClosed {};

}  // namespace foldback::cli
