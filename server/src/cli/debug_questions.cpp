#include "cli/debug_questions.hpp"

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

HttpRequest question(const char* name, const DebugQuestions::Parameters& parameters) {
    HttpRequest request{.target = fmt::format("/debug/api/{}?", name), .repeatable = true};
    for (const auto& [key, value] : parameters) {
        if (!value.empty()) request.target += fmt::format("{}={}&", key, encode_query(value));
    }
    return request;
}

DebugQuestions::Document parsed(const std::string& body) {
    auto document = DebugQuestions::Document::parse(body, nullptr, false);
    if (!document.is_object()) throw Failure(ExitCode::unreachable, "the debugger's answer is malformed");
    return document;
}

/// "orders/" of "orders/42"; what it begins with where there is no slash.
std::string category_of(const std::string& stream) {
    const auto slash = stream.find('/');
    return slash == std::string::npos ? stream.substr(0, 1) : stream.substr(0, slash + 1);
}

/// What the debugger refuses in other words than the protocol does.
std::optional<Failure> own_failure_of(const HttpResponse& response, const std::string& subject) {
    if (response.status != 403 && response.status != 404 && response.status != 409 && response.status != 413)
        return std::nullopt;
    const auto document = DebugQuestions::Document::parse(response.body, nullptr, false);
    if (!document.is_object()) return std::nullopt;
    const auto detail = printable(document.value("detail", ""));
    if (response.status == 413) return Failure(ExitCode::no, fmt::format("{}: {}", subject, detail));
    const auto code = document.value("code", "");
    if (code == "no-such-lens") return Failure(ExitCode::not_found, detail);
    // Only a what-if is saved.
    if (code == "exists") return Failure(ExitCode::conflict, detail, "Choose another name: --save-as debug/…");
    if (code == "outside-of-forks" || code == "read-only") return Failure(ExitCode::not_allowed, detail);
    if (code == "not-found" && detail.starts_with("there is no stream"))
        return Failure(ExitCode::not_found, fmt::format("there is no stream {}", printable(subject)),
                       fmt::format("The streams there are: foldback list {}", shell_word(category_of(subject))));
    return std::nullopt;
}

}  // namespace

DebugQuestions::DebugQuestions(const CommonOptions& common, std::string subject)
    : subject_(std::move(subject)), transport_(open_transport(common)) {}

std::string DebugQuestions::exchange(const HttpRequest& request) {
    throw_if_interrupted();
    const auto response = transport_->exchange(request);
    if (const auto failure = own_failure_of(response, subject_)) throw *failure;
    if (response.status == 404 && !has_debugger()) {
        throw Failure(ExitCode::no, fmt::format("the server at {} has no debugger", transport_->name()),
                      "Start it with --debug, or read its directory with --data DIR while it is stopped.");
    }
    require_success(response, subject_);
    return response.body;
}

bool DebugQuestions::has_debugger() { return transport_->exchange(question("about", {})).status == 200; }

DebugQuestions::Document DebugQuestions::ask(const char* name, const Parameters& parameters) {
    return parsed(fetch(name, parameters));
}

std::string DebugQuestions::fetch(const char* name, const Parameters& parameters) {
    return exchange(question(name, parameters));
}

DebugQuestions::Document DebugQuestions::post(const char* name, const Document& body, bool repeatable) {
    HttpRequest request{.method = HttpMethod::post, .target = fmt::format("/debug/api/{}", name)};
    request.repeatable = repeatable;
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json_line(body);
    return parsed(exchange(request));
}

}  // namespace foldback::cli
