#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/completion.hpp"
#include "cli/json_line.hpp"
#include "cli/reference.hpp"
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

ExitCode run(const ReferenceCommand&, Session session) {
    session.output.data(reference(describe_program()));
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
