#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/transport.hpp"

namespace foldback::cli {

/// Puts questions to the debugger, in a server or over a directory. Every question throws Failure, HttpError and
/// Interrupted.
class DebugQuestions {
public:
    using Document = nlohmann::ordered_json;
    /// Empty values are left out.
    using Parameters = std::vector<std::pair<const char*, std::string>>;

    /// `subject` is what failures speak of: a stream, or "all streams".
    DebugQuestions(const CommonOptions& common, std::string subject);

    [[nodiscard]] Document ask(const char* name, const Parameters& parameters);
    /// The answer as it comes.
    [[nodiscard]] std::string fetch(const char* name, const Parameters& parameters);
    [[nodiscard]] Document post(const char* name, const Document& body, bool repeatable);

private:
    [[nodiscard]] std::string exchange(const HttpRequest& request);
    [[nodiscard]] bool has_debugger();

    std::string subject_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace foldback::cli
