#include <algorithm>

#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/completion.hpp"
#include "cli/json_line.hpp"
#include "cli/manual_page.hpp"
#include "cli/reference.hpp"
#include "cli/retention_file.hpp"
#include "cli/serve_access.hpp"
#include "cli/serve_archive.hpp"
#include "cli/serve_settings.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "foldback/version.hpp"

namespace foldback::cli {
namespace {

std::string source_of(const Setting& setting) {
    return setting.source == Source::standard ? "default" : setting.source_name;
}

}  // namespace

ExitCode run(const VersionCommand&, Session session) {
    const std::string number(version());
    session.output.line(session.output.json() ? json_line({{"name", "foldback"}, {"version", number}})
                                              : "foldback " + number);
    return ExitCode::ok;
}

ExitCode run(const CompletionCommand& command, Session session) {
    session.output.data(completion_script(describe_program(), command.shell));
    return ExitCode::ok;
}

ExitCode run(const ReferenceCommand& command, Session session) {
    const auto program = describe_program();
    session.output.data(command.as_manual_page ? manual_page(program) : reference(program));
    return ExitCode::ok;
}

ExitCode run(const CheckConfigCommand& command, Session session) {
    ServeSettings values;
    auto settings = settings_of(values);
    load_settings(values, settings, command.serve, process_environment());
    const auto rules = read_retention_file(values.retention_file);
    (void)admin_address(values);
    const auto listen = parse_listen(values.listen);
    require_consent_to_public(listen, values);
    (void)Archives(values, process_environment());
    auto& output = session.output;
    const ServeAccess access(values, listen, [&output](const std::string& what) { output.note(what); });
    for (const auto& sentence : unknown_variables(settings, environ)) output.note(sentence);
    const auto set = std::count_if(settings.all().begin(), settings.all().end(),
                                   [](const Setting& setting) { return setting.source != Source::standard; });
    if (output.json()) {
        output.line(json_line({{"good", true},
                               {"settings", set},
                               {"retention_rules", rules.rules.size()},
                               {"holds", rules.holds.size()}}));
    } else if (!output.quiet()) {
        output.line(fmt::format("the configuration is good: {} settings, {} retention rules, {} holds", set,
                                rules.rules.size(), rules.holds.size()));
    }
    return ExitCode::ok;
}

ExitCode run(const ConfigShowCommand& command, Session session) {
    ServeSettings values;
    auto settings = settings_of(values);
    load_settings(values, settings, command.serve, process_environment());
    auto& output = session.output;
    if (output.json()) {
        nlohmann::ordered_json document = nlohmann::ordered_json::object();
        for (const auto& setting : settings.all()) {
            document[setting.name] = {{"value", setting.current()}, {"source", source_of(setting)}};
        }
        output.line(json_line(document));
    } else {
        Table table({Align::left, Align::left, Align::left});
        for (const auto& setting : settings.all()) table.add({setting.name, setting.current(), source_of(setting)});
        output.data(table.text());
    }
    for (const auto& sentence : unknown_variables(settings, environ)) output.note(sentence);
    require_consent_to_public(parse_listen(values.listen), values);
    return ExitCode::ok;
}

}  // namespace foldback::cli
