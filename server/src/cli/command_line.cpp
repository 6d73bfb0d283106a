#include "cli/command_line.hpp"

#include <functional>
#include <memory>

// The only file that sees CLI11, which takes nine seconds to compile; hence its length.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/serve_settings.hpp"
#include "cli/suggestion.hpp"
#include "cli/url.hpp"
#include "foldback/version.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t help_column = 38;
const std::string base_url_text = BaseUrl{}.text();

template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;

template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Value& target, const Choices<Value>& choices,
                        const std::string& meaning) {
    std::vector<std::string> words;
    for (const auto& choice : choices) words.push_back(choice.first);
    const auto assign = [&target, choices, words, name](const std::string& text) {
        for (const auto& [word, value] : choices) {
            if (word == text) {
                target = value;
                return;
            }
        }
        throw CLI::ValidationError(
            name, fmt::format("\"{}\" is none of {}.{}", text, fmt::join(words, ", "), did_you_mean(text, words)));
    };
    return app.add_option_function<std::string>(name, assign, meaning)
        ->type_name(fmt::format("{}", fmt::join(words, "|")))
        ->default_str(words.front());
}

/// Without the words that CLI11 would add to the name of the value.
CLI::Validator between(std::uint64_t least, std::uint64_t most) { return CLI::Range(least, most).description(""); }

/// The CLI11 tree and the values it fills.
class Parser {
public:
    Parser() {
        app_.require_subcommand(0, 1);
        app_.fallthrough();
        app_.get_formatter()->column_width(help_column);
        app_.get_formatter()->label("SUBCOMMAND", "VERB");
        app_.get_formatter()->label("SUBCOMMANDS", "VERB");
        app_.set_help_flag("-h,--help", "print help and exit");
        app_.set_version_flag("--version", fmt::format("foldback {}", version()), "print the version and exit");
        add_connection(app_);
        add_common(app_);
        app_.footer("`foldback VERB --help` explains a verb. The server's address: --url, else STREAM_URL, else " +
                    base_url_text);
        add_server_verbs();
        add_writing_verbs();
        add_reading_verbs();
        add_debug_verbs();
        add_trace();
        add_bisect();
        add_compare();
        add_directory_verbs();
        add_other_verbs();
    }

    std::variant<CommandLine, HelpText> parse(const std::vector<std::string>& arguments) {
        // What stands after `--` are words as they are; CLI11 gives them to the program instead of the verb.
        const bool takes_words = std::any_of(arguments.begin(), arguments.end(), [](const std::string& word) {
            return word == "append" || word == "write";
        });
        const auto dashes = takes_words ? std::find(arguments.begin(), arguments.end(), "--") : arguments.end();
        try {
            app_.parse(std::vector<std::string>(std::make_reverse_iterator(dashes), arguments.rend()));
        } catch (const CLI::CallForHelp&) {
            return HelpText{app_.help()};
        } catch (const CLI::CallForVersion& version) {
            return HelpText{fmt::format("{}\n", version.what())};
        } catch (const CLI::ExtrasError&) {
            throw unexpected(app_.remaining(true));
        } catch (const CLI::ParseError& error) {
            throw Failure(ExitCode::usage, error.what(), help_command());
        }
        if (app_.get_subcommands().empty()) return HelpText{app_.help(), ExitCode::usage};
        auto command = finish(app_.get_subcommands().front());
        if (auto* append = std::get_if<AppendCommand>(&command)) {
            refuse_flags(append->words);
            if (dashes != arguments.end()) append->words.insert(append->words.end(), dashes + 1, arguments.end());
        }
        return CommandLine{common_, std::move(command)};
    }

    [[nodiscard]] CommandDescription describe() const { return describe(app_, "-"); }

private:
    using Verb = std::function<Command()>;

    /// A verb whose values live in a `T`, and how they become a Command.
    template <class T>
    std::pair<CLI::App*, std::shared_ptr<T>> add_verb(CLI::App& parent, const std::string& name,
                                                      const std::string& group, const std::string& meaning) {
        auto* verb = parent.add_subcommand(name, meaning);
        verb->group(group);
        auto values = std::make_shared<T>();
        verbs_[verb] = [values]() -> Command { return *values; };
        return {verb, values};
    }

    /// A verb that speaks to a server.
    template <class T>
    std::pair<CLI::App*, std::shared_ptr<T>> add_stream_verb(const std::string& name, const std::string& meaning) {
        auto verb = add_verb<T>(app_, name, "Streams", meaning);
        add_connection(*verb.first);
        add_common(*verb.first);
        return verb;
    }

    void add_connection(CLI::App& app) {
        app.add_option("--url", common_.url, "base URL of the streams")->type_name("URL")->default_str(base_url_text);
        app.add_option("--auth", common_.auth, "value of the Authorization header, such as \"Bearer …\"")
            ->type_name("TEXT");
        app.add_option("--token", common_.token, "the same as --auth \"Bearer TOKEN\"")->type_name("TOKEN");
        app.add_option("--ca-file", common_.ca_file, "authorities to trust over https (PEM) instead of the system's")
            ->type_name("FILE");
        app.add_option("--timeout-ms", common_.timeout_ms, "wait this long for an answer")
            ->type_name("MS")
            ->default_str("30000")
            ->check(between(1, 86'400'000));
    }

    void add_common(CLI::App& app) {
        app.add_flag("-q,--quiet", common_.quiet, "say nothing but data and errors");
        add_choice<ColorChoice>(
            app, "--color", common_.color,
            {{"auto", ColorChoice::automatic}, {"always", ColorChoice::always}, {"never", ColorChoice::never}},
            "colour of messages; auto obeys NO_COLOR and TERM");
    }

    void add_json(CLI::App& app) { app.add_flag("--json", common_.json, "print JSON for programs"); }

    void add_data(CLI::App& app) {
        app.add_option("--data", common_.data, "read this data directory instead of asking a server")->type_name("DIR");
    }

    void add_progress(CLI::App& app) {
        add_choice<ProgressMode>(app, "--progress", common_.progress,
                                 {{"auto", ProgressMode::automatic},
                                  {"bar", ProgressMode::bar},
                                  {"lines", ProgressMode::lines},
                                  {"json", ProgressMode::json},
                                  {"off", ProgressMode::off}},
                                 "how progress is shown; auto is a bar on a terminal, else a line every 5 s");
    }

    /// `--json` and `--content-type` of the verbs that write: as in the reference client, `--json` says what the
    /// stream is; here the result is a JSON document, too.
    void add_content_type(CLI::App& app, ContentType& target) {
        auto* type = app.add_option("--content-type", target.text, "media type of the stream")->type_name("TYPE");
        app.add_flag_callback(
               "--json", [this, &target] { common_.json = true, target.text = "application/json"; },
               "the stream is JSON (--content-type application/json), and so is the result")
            ->excludes(type);
    }

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

    void add_server_verbs() {
        auto [serve, serve_values] = add_verb<ServeCommand>(app_, "serve", "Server", "serve streams over HTTP");
        add_settings(*serve, serve_values);
        auto* config = app_.add_subcommand("config", "show and check the configuration of the server")->group("Server");
        config->require_subcommand(1);
        auto [show, show_values] = add_verb<ConfigShowCommand>(
            *config, "show", "Server", "print every setting, its value and where it comes from");
        add_settings(*show, std::shared_ptr<ServeCommand>(show_values, &show_values->serve));
        add_common(*show);
        add_json(*show);
        auto [check, check_values] = add_verb<CheckConfigCommand>(
            app_, "check-config", "Server", "say whether the server would start with this configuration");
        add_settings(*check, std::shared_ptr<ServeCommand>(check_values, &check_values->serve));
        add_common(*check);
        add_json(*check);
    }

    void add_writing_verbs() {
        auto [create, c] = add_stream_verb<CreateCommand>("create", "create a stream");
        create->add_option("stream", c->stream, "its name")->required();
        add_content_type(*create, c->content_type);
        create->add_option("--file", c->file, "initial content; - is standard input")->type_name("FILE");
        create->add_option("--ttl-seconds", c->ttl_seconds, "it expires after this long without a read or write")
            ->type_name("N");
        create->add_option("--expires-at", c->expires_at, "it expires then, such as 2030-01-01T00:00:00Z")
            ->type_name("TIME");
        create->add_flag("--closed", c->closed, "create it closed: the initial content is all there will be");

        auto [append, a] =
            add_stream_verb<AppendCommand>("append", "append to a stream: words, a file or standard input");
        append->alias("write");
        append->add_option("stream", a->stream, "its name")->required();
        // Words are what CLI11 does not know: it would split an option of many values that looks like [a,b] at the commas.
        append->allow_extras()->fallthrough(false);
        append->footer(
            "Words after the name are joined by blanks; in them \\n \\t \\r \\\\ are escapes unless the stream is "
            "JSON.\nWords that begin with a dash stand after --.");
        verbs_[append] = [values = a, verb = append] {
            values->words = verb->remaining();
            return Command(*values);
        };
        add_content_type(*append, a->content_type);
        append->add_option("--file", a->file, "append the content of this file; - is standard input")
            ->type_name("FILE");
        auto* batch = append->add_flag("--batch-json", a->batch_json, "each element of a JSON array is a message");
        append->add_flag("--ndjson", a->ndjson, "each line is a JSON message; they are sent in batches")
            ->excludes(batch);
        append->add_option("--batch-messages", a->batch_messages, "messages of one batch (--ndjson)")
            ->type_name("N")
            ->default_str("1000")
            ->check(between(1, 100'000));
        append->add_option("--batch-bytes", a->batch_bytes, "a batch takes no further message beyond this (--ndjson)")
            ->type_name("N")
            ->default_str("1048576")
            ->check(between(1, 64 << 20));
        append->add_option("--expected-offset", a->expected_offset, "append only if this is the end of the stream")
            ->type_name("OFFSET");
        append->add_option("--stream-seq", a->stream_seq, "append only if greater than the last Stream-Seq")
            ->type_name("TEXT");
        append
            ->add_option("--producer-id", a->producer_id,
                         "number the appends, so that running it again adds nothing twice")
            ->type_name("ID");
        append->add_option("--producer-epoch", a->producer_epoch, "epoch of that producer")
            ->type_name("N")
            ->default_str("0");
        append->add_flag("--close", a->close, "close the stream with the last append");
        add_progress(*append);

        auto [fork, f] = add_stream_verb<ForkCommand>("fork", "create a stream that shares the beginning of another");
        fork->add_option("source", f->source, "the stream to leave")->required();
        fork->add_option("stream", f->stream, "name of the new stream")->required();
        fork->add_option("--offset", f->offset, "where to leave it; its end when absent")->type_name("OFFSET");
        fork->add_option("--sub-offset", f->sub_offset, "messages (JSON) or bytes past that")
            ->type_name("N")
            ->default_str("0");
        fork->add_option("--ttl-seconds", f->ttl_seconds, "it expires after this long without a read or write")
            ->type_name("N");
        fork->add_option("--expires-at", f->expires_at, "it expires then")->type_name("TIME");
        add_json(*fork);

        auto [close, cl] = add_stream_verb<CloseCommand>("close", "close a stream: nothing can be appended any more");
        close->add_option("stream", cl->stream, "its name")->required();
        add_json(*close);
        auto [remove, d] = add_stream_verb<DeleteCommand>("delete", "delete a stream and its data");
        remove->add_option("stream", d->stream, "its name")->required();
        add_json(*remove);
        auto [truncate, t] = add_stream_verb<TruncateCommand>("truncate", "give up the data before an offset");
        truncate->add_option("stream", t->stream, "its name")->required();
        truncate->add_option("--before", t->before, "the first offset to keep; now keeps nothing")
            ->type_name("OFFSET")
            ->required();
        add_json(*truncate);
        add_import();
    }

    template <class T>
    void add_live(CLI::App& app, T& values) {
        add_choice<LiveMode>(
            app, "--live", values.live,
            {{"auto", LiveMode::automatic}, {"sse", LiveMode::sse}, {"long-poll", LiveMode::long_poll}},
            "how to follow; auto is sse for JSON, else long-poll, which keeps every byte");
        app.add_option("--give-up-after-ms", values.give_up_after_ms,
                       "end when the server cannot be reached for so long")
            ->type_name("MS")
            ->default_str("300000");
    }

    void add_reading_verbs() {
        auto [read, r] = add_stream_verb<ReadCommand>("read", "print a stream from its start, then follow it");
        read->add_option("stream", r->stream, "its name")->required();
        read->add_option("--offset", r->offset, "begin there; -1 is the start, now is the end")
            ->type_name("OFFSET")
            ->default_str("-1");
        read->add_option("--limit", r->limit, "end after so many messages (JSON) or bytes")->type_name("N");
        read->add_flag("--until-end", r->until_end, "end at the present end of the stream instead of following it");
        read->add_flag("--backward", r->backward,
                       "newest first, from the end or --offset to the start; JSON streams only");
        add_live(*read, *r);
        add_json(*read);
        add_data(*read);

        auto [tail, t] = add_stream_verb<TailCommand>("tail", "print the last messages of a stream");
        tail->add_option("stream", t->stream, "its name")->required();
        tail->add_option("-n,--last", t->last, "so many messages; only JSON streams can be read from their end")
            ->type_name("N")
            ->default_str("10")
            ->check(between(0, 1'000'000));
        tail->add_flag("-f,--follow", t->follow, "go on with what is appended, reconnecting when needed");
        add_live(*tail, *t);
        add_json(*tail);
        add_data(*tail);

        auto [head, h] = add_stream_verb<HeadCommand>("head", "print what is known of a stream");
        head->add_option("stream", h->stream, "its name")->required();
        add_json(*head);
        add_data(*head);

        auto [list, l] = add_stream_verb<ListCommand>("list", "print the names of the streams");
        list->alias("ls");
        list->add_option("prefix", l->prefix, "only names that begin with this");
        list->add_option("--limit", l->limit, "at most so many")->type_name("N");
        list->add_flag("-l,--long", l->long_form, "content type, end and state of each");
        add_json(*list);
        add_data(*list);
    }

    std::pair<CLI::App*, std::shared_ptr<DebugCommand>> add_debug_verb(const std::string& name, DebugCommand::Verb verb,
                                                                       const std::string& meaning) {
        auto added = add_verb<DebugCommand>(app_, name, "Debugger", meaning);
        added.second->verb = verb;
        auto* stream = added.first->add_option("stream", added.second->stream, "its name");
        if (verb != DebugCommand::Verb::find) stream->required();
        added.first->add_option("--lens", added.second->lens, "the lens to see it through")->type_name("NAME");
        add_reading(*added.first);
        return added;
    }

    /// What the verbs take that read a server or a directory.
    void add_reading(CLI::App& app) {
        add_connection(app);
        add_common(app);
        add_json(app);
        add_data(app);
    }

    void add_trace() {
        auto [trace, t] = add_verb<TraceCommand>(app_, "trace", "Debugger", "print which event led to which");
        trace->add_option("id", t->id, "an event's id, a correlation, a causation or a command")->required();
        trace->add_option("--event", t->event, "begin at the event of this number; the id is its stream's name")
            ->type_name("N");
        trace->add_option("--limit", t->limit, "at most so many events")
            ->type_name("N")
            ->default_str("500")
            ->check(between(1, 5'000));
        trace->add_flag("--dot", t->dot, "print a graph for Graphviz");
        add_reading(*trace);
    }

    static CLI::Option* add_at(CLI::App& verb, DebugCommand& values) {
        return verb.add_option("--at", values.at, "a number of events, -N before the end, a time, or now, the end")
            ->type_name("MOMENT");
    }

    void add_debug_verbs() {
        using Ask = DebugCommand::Verb;
        auto [show, s] = add_debug_verb("show", Ask::show, "print the state of a stream at a moment");
        add_at(*show, *s);
        auto [log, l] = add_debug_verb("log", Ask::log, "print the events of a stream in a line each");
        log->add_option("--from", l->from, "number of the first event")->type_name("N");
        log->add_option("--limit", l->limit, "at most so many")
            ->type_name("N")
            ->default_str("100")
            ->check(between(1, 1'000'000));
        auto [diff, d] = add_debug_verb("diff", Ask::diff, "print what changed between two moments");
        diff->add_option("from", d->from, "a moment")->required();
        diff->add_option("to", d->to, "a moment; the end when absent");
        auto [blame, b] = add_debug_verb("blame", Ask::blame, "print which event last set each field");
        add_at(*blame, *b);
        auto [find, f] = add_debug_verb("find", Ask::find, "find the first moment at which something is so");
        find->get_option("stream")->description("its name; 'orders/*' for all that begin so; absent: all streams");
        find->add_option("--first", f->first, "an invariant that is broken, or an expression such as '/total < 0'")
            ->type_name("EXPR")
            ->required();
        add_progress(*find);
        auto [what_if, w] = add_debug_verb("whatif", Ask::what_if, "compare with what would have been");
        what_if->add_option("--skip", w->skip, "without this event")->type_name("N");
        what_if->add_option("--replace", w->replace, "with another message instead of an event")->type_name("N=JSON");
        what_if->add_option("--insert", w->insert, "with one more message before an event")->type_name("N=JSON");
        what_if->add_option("--save-as", w->save_as, "keep it as a fork below debug/, which expires")
            ->type_name("STREAM");
        auto [shrink, k] = add_debug_verb("shrink", Ask::shrink, "find the fewest events that keep a failure");
        shrink->add_option("--keep", k->keep, "an invariant that is to stay broken, or an expression to stay true")
            ->type_name("EXPR")
            ->required();
        auto [save, e] = add_debug_verb("export", Ask::export_history,
                                        "print the events of a stream, a test made of them, or all streams");
        add_export_all(*save, e);
        save->get_option("stream")->description("its name; - reads what `shrink --json` printed");
        auto* at = add_at(*save, *e);
        save->add_option("--events", e->events, "only these, such as 1,3-5,9")->type_name("LIST")->excludes(at);
        add_choice<std::string>(*save, "--as", e->as, {{"ndjson", "ndjson"}, {"doctest", "doctest"}},
                                "a message on each line, or the source of a doctest");
    }

    void add_bisect() {
        auto [bisect, b] =
            add_verb<BisectCommand>(app_, "bisect", "Debugger", "find the first event that a command calls bad");
        bisect->add_option("stream", b->stream, "its name")->required();
        bisect->add_option("--run", b->run, "gets the state on standard input; exits with 0 good, 1-124 bad, 125 skip")
            ->type_name("CMD")
            ->required();
        bisect->add_option("--good", b->good, "a moment that is good; the first when absent")->type_name("MOMENT");
        bisect->add_option("--bad", b->bad, "a later one that is bad; the end when absent")->type_name("MOMENT");
        bisect->add_option("--lens", b->lens, "the lens to see it through")->type_name("NAME");
        add_reading(*bisect);
    }

    void add_compare() {
        auto [compare, c] = add_verb<CompareCommand>(app_, "compare", "Debugger",
                                                     "find where two builds of a service make different states");
        compare->add_option("streams", c->streams, "a name; 'orders/*' for all that begin so; absent: all streams");
        compare->add_option("--old", c->old_build, "a service, run with the verb debug-adapter; or a command line")
            ->type_name("BIN")
            ->required();
        compare->add_option("--new", c->new_build, "the other build of it")->type_name("BIN")->required();
        compare->add_option("--limit", c->limit, "name at most so many streams that differ")
            ->type_name("N")
            ->default_str("20")
            ->check(between(1, 100'000));
        add_progress(*compare);
        add_reading(*compare);
    }

    /// `export STREAM` is the debugger's, `export --all` is for `import`.
    void add_export_all(CLI::App& verb, const std::shared_ptr<DebugCommand>& one) {
        auto all = std::make_shared<ExportAllCommand>();
        auto* stream = verb.get_option("stream")->required(false);
        auto* flag = verb.add_flag("--all")
                         ->description("every stream in the order of commits, as lines for import")
                         ->excludes(stream);
        verb.add_option("--prefix", all->prefix, "of those only streams that begin with this")
            ->type_name("TEXT")
            ->needs(flag);
        auto* file = verb.add_option("--file", all->file, "write here instead of standard output")
                         ->type_name("FILE")
                         ->needs(flag);
        verb.add_flag("--resume", all->resume, "go on where the file ends")->needs(file);
        add_progress(verb);
        verbs_[&verb] = [one, all, flag, stream]() -> Command {
            if (flag->count() > 0) return *all;
            if (stream->count() == 0) throw Failure(ExitCode::usage, "the stream is missing", "Name it, or say --all.");
            return *one;
        };
    }

    void add_import() {
        auto [import, i] = add_stream_verb<ImportCommand>("import", "create and append what `export --all` printed");
        import->add_option("file", i->file, "the lines; - is standard input")->default_str("-");
        import->add_option("--id", i->id, "of the producer: run again with the same one, nothing is added twice")
            ->type_name("ID")
            ->default_str("import");
        import->add_flag("--dry-run", i->dry_run, "only read the lines and say what they hold");
        add_json(*import);
        add_progress(*import);
    }

    void add_directory_verbs() {
        const std::string group = "Data directory";
        const auto add = [&](auto verb, const std::string& data_meaning) {
            verb->add_option("--data", common_.data, data_meaning)->type_name("DIR");
            add_common(*verb);
            add_json(*verb);
        };
        auto* verify =
            add_verb<VerifyCommand>(app_, "verify", group, "check every byte of a store, also while it is served")
                .first;
        add(verify, "the data directory");
        add_progress(*verify);
        auto* salvage = add_verb<SalvageCommand>(app_, "salvage", group,
                                                 "cut a damaged store before the damage; throws nothing away")
                            .first;
        add(salvage, "the data directory");
        auto [scavenge, sc] = add_verb<ScavengeCommand>(
            app_, "scavenge", group, "give back the space of deleted data now, while no server runs");
        scavenge->add_option("--dead-fraction", sc->dead_fraction, "rewrite segments with more deleted data than this")
            ->type_name("FRACTION")
            ->default_str("0.05")
            ->check(CLI::Range(0.0, 1.0).description(""));
        add(scavenge, "the data directory");
        add_progress(*scavenge);
        auto* stats = add_verb<StatsCommand>(app_, "stats", group, "print the size of a store").first;
        add(stats, "the data directory");
        auto [backup, b] = add_verb<BackupCommand>(app_, "backup", group, "copy a store, also while it is served");
        backup->add_option("repository", b->repository, "directory of the backups")->required();
        backup->add_option("--keep", b->keep, "then forget all but the newest backups")
            ->type_name("N")
            ->check(between(1, 1'000'000));
        backup->add_flag("--list", b->list, "print the backups that are there instead");
        add(backup, "the data directory");
        add_progress(*backup);
        auto [restore, r] = add_verb<RestoreCommand>(app_, "restore", group, "make a data directory of a backup");
        restore->add_option("repository", r->repository, "directory of the backups")->required();
        restore->add_option("--backup", r->backup, "which one; the newest, or the oldest that reaches the moment")
            ->type_name("NAME");
        auto* position = restore->add_option("--position", r->position, "as it was before the message of this position")
                             ->type_name("N");
        restore->add_option("--before", r->before, "as it was then, such as 2030-01-01T00:00:00Z")
            ->type_name("TIME")
            ->excludes(position);
        add(restore, "the directory to make; it must not exist, or be empty");
        add_progress(*restore);
        for (auto* verb : {verify, salvage, scavenge, stats, restore}) verb->get_option("--data")->required();
    }

    void add_other_verbs() {
        auto [top, t] = add_verb<TopCommand>(app_, "top", "More", "watch what a server does");
        top->add_option("--admin", t->admin, "URL of its admin listener")
            ->type_name("URL")
            ->default_str("http://127.0.0.1:4438");
        top->add_option("--interval-ms", t->interval_ms, "between two looks")
            ->type_name("MS")
            ->default_str("2000")
            ->check(between(100, 3'600'000));
        top->add_option("--rounds", t->rounds, "so many looks; until Ctrl-C when absent")->type_name("N");
        add_common(*top);
        add_json(*top);
        auto* version_verb = add_verb<VersionCommand>(app_, "version", "More", "print the version").first;
        add_json(*version_verb);
        auto [completion, c] =
            add_verb<CompletionCommand>(app_, "completion", "More", "print a completion script for a shell");
        completion->add_option("shell", c->shell, "the shell")->required()->type_name("bash|zsh|fish");
        auto [reference, r] = add_verb<ReferenceCommand>(app_, "reference", "", "print the tables of the manual");
        reference->add_flag("--man", r->as_manual_page, "print the manual page instead");
    }

    /// A mistyped flag is no word.
    void refuse_flags(const std::vector<std::string>& words) const {
        for (const auto& word : words) {
            const bool is_letter =
                word.size() == 2 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1])) != 0;
            if (word.starts_with("--") || is_letter) throw unexpected({word});
        }
    }

    Command finish(const CLI::App* verb) const {
        const auto nested = verb->get_subcommands();
        return verbs_.at(nested.empty() ? verb : nested.front())();
    }

    [[nodiscard]] std::string help_command() const {
        const auto verbs = app_.get_subcommands();
        return verbs.empty() ? "foldback --help" : fmt::format("foldback {} --help", verbs.front()->get_name());
    }

    [[nodiscard]] Failure unexpected(const std::vector<std::string>& extras) const {
        const auto& first = extras.front();
        const auto verbs = app_.get_subcommands();
        std::vector<std::string> known;
        if (first.starts_with('-')) {
            const auto* scope = verbs.empty() ? &app_ : verbs.front();
            if (!scope->get_subcommands().empty()) scope = scope->get_subcommands().front();
            for (const auto* option : scope->get_options()) {
                for (const auto& name : option->get_lnames()) known.push_back("--" + name);
            }
            const auto name = first.substr(0, first.find('='));
            return {ExitCode::usage, fmt::format("there is no flag {}.{}", name, did_you_mean(name, known)),
                    help_command()};
        }
        if (!verbs.empty()) return {ExitCode::usage, fmt::format("unexpected argument \"{}\"", first), help_command()};
        for (const auto* verb : app_.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); })) {
            known.push_back(verb->get_name());
            for (const auto& alias : verb->get_aliases()) known.push_back(alias);
        }
        return {ExitCode::usage, fmt::format("there is no command \"{}\".{}", first, did_you_mean(first, known)),
                help_command()};
    }

    static FlagDescription describe_flag(const CLI::Option& option, const Settings& settings) {
        FlagDescription flag;
        flag.long_name = "--" + option.get_lnames().front();
        if (!option.get_snames().empty()) flag.short_name = "-" + option.get_snames().front();
        const bool is_switch = option.get_expected_max() == 0;
        if (!is_switch) flag.value_name = option.get_type_name();
        flag.standard = option.get_default_str();
        flag.meaning = option.get_description();
        flag.group = option.get_group();
        const auto& name = option.get_lnames().front();
        if (const auto* setting = settings.find(name); setting != nullptr && setting->group == flag.group) {
            flag.variable = setting->variable;
            flag.standard = setting->standard;
        }
        if (name == "config") flag.variable = "FOLDBACK_CONFIG";
        if (name == "url") flag.variable = "STREAM_URL";
        if (name == "auth") flag.variable = "STREAM_AUTH";
        if (name == "token") flag.variable = "FOLDBACK_TOKEN";
        if (name == "ca-file") flag.variable = "FOLDBACK_CA_FILE";
        return flag;
    }

    static CommandDescription describe(const CLI::App& app, const std::string& group) {
        CommandDescription command{.name = group == "-" ? "foldback" : app.get_name(),
                                   .aliases = app.get_aliases(),
                                   .meaning = app.get_description(),
                                   .group = group};
        ServeSettings standard;
        const auto settings = settings_of(standard);
        for (const auto* option : app.get_options()) {
            if (!option->get_positional()) {
                command.flags.push_back(describe_flag(*option, settings));
                continue;
            }
            const FlagDescription as_flag{.value_name = option->get_type_name()};
            command.positionals.push_back({option->get_name(true), option->get_description(), as_flag.choices()});
        }
        if (app.get_allow_extras())
            command.positionals.push_back({"content...", "words to append, joined by blanks", {}});
        for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
            command.commands.push_back(describe(*verb, verb->get_group()));
        }
        return command;
    }

    CLI::App app_{"Foldback: an event store that speaks the Durable Streams protocol", "foldback"};
    CommonOptions common_;
    std::map<const CLI::App*, Verb> verbs_;
};

}  // namespace

std::variant<CommandLine, HelpText> parse_command_line(const std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments.front() != "help") return Parser().parse(arguments);
    std::vector<std::string> asks_for_help(arguments.begin() + 1, arguments.end());
    asks_for_help.emplace_back("--help");
    return Parser().parse(asks_for_help);
}

CommandDescription describe_program() { return Parser().describe(); }

}  // namespace foldback::cli
