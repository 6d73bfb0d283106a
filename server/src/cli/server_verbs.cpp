#include "cli/serve_settings.hpp"
#include "cli/verb_tree.hpp"

/// The verbs of the server itself, and those of the program.
namespace foldback::cli {
namespace {

void add_settings(CLI::App& app, const std::shared_ptr<ServeCommand>& serve) {
    ServeSettings standard;
    const auto settings = settings_of(standard);
    for (const auto& setting : settings.all()) {
        const auto assign = [serve, name = setting.name](const std::string& text) { serve->flags[name] = text; };
        auto* option = setting.is_switch() ? app.add_flag("--" + setting.name)->each(assign)
                                           : app.add_option_function<std::string>("--" + setting.name, assign);
        option->description(setting.meaning)->group(setting.group);
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        if (!setting.is_switch()) option->type_name(setting.value_name)->default_str(setting.standard);
    }
    app.add_option("--config", serve->config, "configuration file with one `key = value` per line")
        ->type_name("FILE")
        ->default_str(system_config_file)
        ->group("Server");
    app.footer(
        "Each of these can also be set by an environment variable (--max-body-bytes is\nFOLDBACK_MAX_BODY_BYTES) "
        "and by a key of the configuration file (max-body-bytes = 8MiB).\nA flag beats the environment, that "
        "beats the file.");
}

}  // namespace

void add_server_verbs(VerbTree& tree) {
    auto [serve, serve_values] =
        tree.add_verb<ServeCommand>(tree.program(), "serve", "Server", "serve streams over HTTP");
    add_settings(*serve, serve_values);
    auto* config =
        tree.program().add_subcommand("config", "show and check the configuration of the server")->group("Server");
    config->require_subcommand(1);
    auto [show, show_values] = tree.add_verb<ConfigShowCommand>(
        *config, "show", "Server", "print every setting, its value and where it comes from");
    add_settings(*show, std::shared_ptr<ServeCommand>(show_values, &show_values->serve));
    tree.add_common(*show);
    tree.add_json(*show);
    auto [check, check_values] = tree.add_verb<CheckConfigCommand>(
        tree.program(), "check-config", "Server", "say whether the server would start with this configuration");
    add_settings(*check, std::shared_ptr<ServeCommand>(check_values, &check_values->serve));
    tree.add_common(*check);
    tree.add_json(*check);
}

void add_other_verbs(VerbTree& tree) {
    auto [top, t] = tree.add_verb<TopCommand>(tree.program(), "top", "More", "watch what a server does");
    top->add_option("--admin", t->admin, "URL of its admin listener")
        ->type_name("URL")
        ->default_str("http://127.0.0.1:4438");
    top->add_option("--interval-ms", t->interval_ms, "between two looks")
        ->type_name("MS")
        ->default_str("2000")
        ->check(between(100, 3'600'000));
    top->add_option("--rounds", t->rounds, "so many looks; until Ctrl-C when absent")->type_name("N");
    tree.add_common(*top);
    tree.add_json(*top);
    auto* version_verb = tree.add_verb<VersionCommand>(tree.program(), "version", "More", "print the version").first;
    tree.add_json(*version_verb);
    auto [completion, c] =
        tree.add_verb<CompletionCommand>(tree.program(), "completion", "More", "print a completion script for a shell");
    completion->add_option("shell", c->shell, "the shell")->required()->type_name("bash|zsh|fish");
    auto [reference, r] =
        tree.add_verb<ReferenceCommand>(tree.program(), "reference", "", "print the tables of the manual");
    reference->add_flag("--man", r->as_manual_page, "print the manual page instead");
}

}  // namespace foldback::cli
