#include "cli/build_adapter.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/failure.hpp"
#include "cli/json_line.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t max_answer_bytes = 256 << 20;
constexpr int protocol = 1;

std::string command_of(const std::string& program) {
    const bool is_file = ::access(program.c_str(), X_OK) == 0;
    if (!is_file && program.find(' ') != std::string::npos) return program;
    return "exec " + shell_word(program) + " debug-adapter";
}

}  // namespace

BuildAdapter::BuildAdapter(const std::string& program, std::chrono::milliseconds timeout)
    : program_(program), timeout_(timeout), process_(command_of(program), ChildProcess::Output::read) {
    ask({{"type", "hello"}});
    const auto hello = answer("hello");
    if (hello.value("protocol", 0) != protocol)
        refuse(fmt::format("speaks another version of the protocol than {}", protocol));
    build_ = printable(hello.value("build", ""));
}

void BuildAdapter::refuse(const std::string& what) const {
    throw Failure(ExitCode::no, fmt::format("{} {}", program_, what),
                  "A build is compared through its verb debug-adapter: foldback::server::run_debug_adapter.");
}

void BuildAdapter::ask(const Document& question) {
    // When it has ended, the missing answer tells.
    (void)process_.write(json_line(question) + "\n");
}

BuildAdapter::Document BuildAdapter::answer(const char* type) {
    const auto line = process_.read_line(max_answer_bytes, timeout_);
    if (!line) refuse("ended, or answers with more than is allowed");
    auto document = Document::parse(*line, nullptr, false);
    if (!document.is_object()) refuse(fmt::format("answers with what is no JSON object: {:.80}", printable(*line)));
    const auto said = document.value("type", "");
    if (said == "error") refuse(fmt::format("says: {}", printable(document.value("message", ""))));
    if (said != type) refuse(fmt::format("answers with \"{}\" to \"{}\"", printable(said), type));
    return document;
}

std::optional<BuildAdapter::Begun> BuildAdapter::begin(const std::string& stream) {
    ask({{"type", "begin"}, {"stream", stream}});
    const auto document = answer("begin");
    if (!document.contains("lens") || !document["lens"].is_string()) return std::nullopt;
    Begun begun{.lens = document["lens"].get<std::string>(), .identity = {}};
    for (const auto& field : document.value("identity", Document::array()))
        begun.identity.push_back({field.value("array", ""), field.value("member", "")});
    return begun;
}

void BuildAdapter::send(const std::vector<std::string>& events) {
    sent_ = events.size();
    ask({{"type", "fold"}, {"events", events}});
}

FoldedEvents BuildAdapter::receive() {
    const auto document = answer("fold");
    FoldedEvents folded{.digests = document.value("digests", std::vector<std::string>()),
                        .problems = std::vector<std::optional<std::string>>(sent_)};
    if (folded.digests.size() != sent_) refuse("does not tell of each event what became of it");
    for (const auto& problem : document.value("problems", Document::array())) {
        const auto index = problem.value("index", sent_);
        if (index >= sent_) refuse("speaks of an event that it was not sent");
        folded.problems[index] = printable(problem.value("problem", ""));
    }
    return folded;
}

BuildAdapter::Document BuildAdapter::state_after(std::size_t events) {
    ask({{"type", "state"}, {"after", events}});
    auto document = answer("state");
    return document.contains("state") ? document["state"] : Document(nullptr);
}

}  // namespace foldback::cli
