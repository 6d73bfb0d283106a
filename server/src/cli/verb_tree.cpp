#include "cli/verb_tree.hpp"

#include "cli/url.hpp"
#include "foldback/version.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t help_column = 38;
const std::string base_url_text = BaseUrl{}.text();

}  // namespace

VerbTree::VerbTree() : program_("Foldback: an event store that speaks the Durable Streams protocol", "foldback") {
    program_.require_subcommand(0, 1);
    program_.fallthrough();
    program_.get_formatter()->column_width(help_column);
    program_.get_formatter()->label("SUBCOMMAND", "VERB");
    program_.get_formatter()->label("SUBCOMMANDS", "VERB");
    program_.set_help_flag("-h,--help", "print help and exit");
    program_.set_version_flag("--version", fmt::format("foldback {}", version()), "print the version and exit");
    add_connection(program_);
    add_common(program_);
    program_.footer("`foldback VERB --help` explains a verb. The server's address: --url, else STREAM_URL, else " +
                    base_url_text);
    add_server_verbs(*this);
    add_stream_verbs(*this);
    add_debug_verbs(*this);
    add_directory_verbs(*this);
    add_other_verbs(*this);
}

Command VerbTree::command_of(const CLI::App& verb) const {
    const auto nested = verb.get_subcommands();
    return commands_.at(nested.empty() ? &verb : nested.front())();
}

void VerbTree::add_connection(CLI::App& verb) {
    verb.add_option("--url", common_.url, "base URL of the streams")->type_name("URL")->default_str(base_url_text);
    verb.add_option("--auth", common_.auth, "value of the Authorization header, such as \"Bearer …\"")
        ->type_name("TEXT");
    verb.add_option("--token", common_.token, "the same as --auth \"Bearer TOKEN\"")->type_name("TOKEN");
    verb.add_option("--ca-file", common_.ca_file, "authorities to trust over https (PEM) instead of the system's")
        ->type_name("FILE");
    verb.add_option("--timeout-ms", common_.timeout_ms, "wait this long for an answer")
        ->type_name("MS")
        ->default_str("30000")
        ->check(between(1, 86'400'000));
}

void VerbTree::add_common(CLI::App& verb) {
    verb.add_flag("-q,--quiet", common_.quiet, "say nothing but data and errors");
    add_choice<ColorChoice>(
        verb, "--color", common_.color,
        {{"auto", ColorChoice::automatic}, {"always", ColorChoice::always}, {"never", ColorChoice::never}},
        "colour of messages; auto obeys NO_COLOR and TERM");
}

void VerbTree::add_json(CLI::App& verb) { verb.add_flag("--json", common_.json, "print JSON for programs"); }

void VerbTree::add_data(CLI::App& verb) {
    verb.add_option("--data", common_.data, "read this data directory instead of asking a server")->type_name("DIR");
}

void VerbTree::add_progress(CLI::App& verb) {
    add_choice<ProgressMode>(verb, "--progress", common_.progress,
                             {{"auto", ProgressMode::automatic},
                              {"bar", ProgressMode::bar},
                              {"lines", ProgressMode::lines},
                              {"json", ProgressMode::json},
                              {"off", ProgressMode::off}},
                             "how progress is shown; auto is a bar on a terminal, else a line every 5 s");
}

}  // namespace foldback::cli
