#include "cli/failure.hpp"
#include "cli/verb_tree.hpp"

/// The verbs of the debugger.
namespace foldback::cli {
namespace {

/// What the verbs take that read a server or a directory.
void add_reading(VerbTree& tree, CLI::App& app) {
    tree.add_connection(app);
    tree.add_common(app);
    tree.add_json(app);
    tree.add_data(app);
}

std::pair<CLI::App*, std::shared_ptr<DebugCommand>> add_debug_verb(VerbTree& tree, const std::string& name,
                                                                   DebugCommand::Verb verb,
                                                                   const std::string& meaning) {
    auto added = tree.add_verb<DebugCommand>(tree.program(), name, "Debugger", meaning);
    added.second->verb = verb;
    auto* stream = added.first->add_option("stream", added.second->stream, "its name");
    if (verb != DebugCommand::Verb::find) stream->required();
    added.first->add_option("--lens", added.second->lens, "the lens to see it through")->type_name("NAME");
    add_reading(tree, *added.first);
    return added;
}

CLI::Option* add_at(CLI::App& verb, DebugCommand& values) {
    return verb.add_option("--at", values.at, "a number of events, -N before the end, a time, or now, the end")
        ->type_name("MOMENT");
}

/// `export STREAM` is the debugger's, `export --all` is for `import`.
void add_export_all(VerbTree& tree, CLI::App& verb, const std::shared_ptr<DebugCommand>& one) {
    auto all = std::make_shared<ExportAllCommand>();
    auto* stream = verb.get_option("stream")->required(false);
    auto* flag = verb.add_flag("--all")
                     ->description("every stream in the order of commits, as lines for import")
                     ->excludes(stream);
    verb.add_option("--prefix", all->prefix, "of those only streams that begin with this")
        ->type_name("TEXT")
        ->needs(flag);
    auto* file =
        verb.add_option("--file", all->file, "write here instead of standard output")->type_name("FILE")->needs(flag);
    verb.add_flag("--resume", all->resume, "go on where the file ends")->needs(file);
    tree.add_progress(verb);
    tree.set_command(&verb, [one, all, flag, stream]() -> Command {
        if (flag->count() > 0) return *all;
        if (stream->count() == 0) throw Failure(ExitCode::usage, "the stream is missing", "Name it, or say --all.");
        return *one;
    });
}

void add_questions(VerbTree& tree) {
    using Ask = DebugCommand::Verb;
    auto [show, s] = add_debug_verb(tree, "show", Ask::show, "print the state of a stream at a moment");
    add_at(*show, *s);
    auto [log, l] = add_debug_verb(tree, "log", Ask::log, "print the events of a stream in a line each");
    log->add_option("--from", l->from, "number of the first event; -N for the last N")->type_name("N");
    log->add_option("--limit", l->limit, "at most so many")
        ->type_name("N")
        ->default_str("100")
        ->check(between(1, 1'000'000));
    auto [diff, d] = add_debug_verb(tree, "diff", Ask::diff, "print what changed between two moments");
    diff->add_option("from", d->from, "a moment")->required();
    diff->add_option("to", d->to, "a moment; the end when absent");
    auto [blame, b] = add_debug_verb(tree, "blame", Ask::blame, "print which event last set each field");
    add_at(*blame, *b);
    auto [find, f] = add_debug_verb(tree, "find", Ask::find, "find the first moment at which something is so");
    find->get_option("stream")->description("its name; 'orders/*' for all that begin so; absent: all streams");
    find->add_option("--first", f->first, "an invariant that is broken, or an expression such as '/total < 0'")
        ->type_name("EXPR")
        ->required();
    tree.add_progress(*find);
    auto [what_if, w] = add_debug_verb(tree, "whatif", Ask::what_if, "compare with what would have been");
    what_if->add_option("--skip", w->skip, "without this event")->type_name("N");
    what_if->add_option("--replace", w->replace, "with another message instead of an event")->type_name("N=JSON");
    what_if->add_option("--insert", w->insert, "with one more message before an event")->type_name("N=JSON");
    what_if->add_option("--save-as", w->save_as, "keep it as a fork below debug/, which expires")->type_name("STREAM");
    auto [shrink, k] = add_debug_verb(tree, "shrink", Ask::shrink, "find the fewest events that keep a failure");
    shrink->add_option("--keep", k->keep, "an invariant that is to stay broken, or an expression to stay true")
        ->type_name("EXPR")
        ->required();
    auto [save, e] = add_debug_verb(tree, "export", Ask::export_history,
                                    "print the events of a stream, a test made of them, or all streams");
    add_export_all(tree, *save, e);
    save->get_option("stream")->description("its name; - reads what `shrink --json` printed");
    auto* at = add_at(*save, *e);
    save->add_option("--events", e->events, "only these, such as 1,3-5,9")->type_name("LIST")->excludes(at);
    add_choice<std::string>(*save, "--as", e->as, {{"ndjson", "ndjson"}, {"doctest", "doctest"}},
                            "a message on each line, or the source of a doctest");
}

void add_trace(VerbTree& tree) {
    auto [trace, t] =
        tree.add_verb<TraceCommand>(tree.program(), "trace", "Debugger", "print which event led to which");
    trace->add_option("id", t->id, "an event's id, a correlation, a causation or a command")->required();
    trace->add_option("--event", t->event, "begin at the event of this number; the id is its stream's name")
        ->type_name("N");
    trace->add_option("--limit", t->limit, "at most so many events")
        ->type_name("N")
        ->default_str("500")
        ->check(between(1, 5'000));
    trace->add_flag("--dot", t->dot, "print a graph for Graphviz");
    add_reading(tree, *trace);
}

void add_bisect(VerbTree& tree) {
    auto [bisect, b] = tree.add_verb<BisectCommand>(tree.program(), "bisect", "Debugger",
                                                    "find the first event that a command calls bad");
    bisect->add_option("stream", b->stream, "its name")->required();
    bisect->add_option("--run", b->run, "gets the state on standard input; exits with 0 good, 1-124 bad, 125 skip")
        ->type_name("CMD")
        ->required();
    bisect->add_option("--good", b->good, "a moment that is good; the first when absent")->type_name("MOMENT");
    bisect->add_option("--bad", b->bad, "a later one that is bad; the end when absent")->type_name("MOMENT");
    bisect->add_option("--lens", b->lens, "the lens to see it through")->type_name("NAME");
    add_reading(tree, *bisect);
}

void add_compare(VerbTree& tree) {
    auto [compare, c] = tree.add_verb<CompareCommand>(tree.program(), "compare", "Debugger",
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
    tree.add_progress(*compare);
    add_reading(tree, *compare);
}

}  // namespace

void add_debug_verbs(VerbTree& tree) {
    add_questions(tree);
    add_trace(tree);
    add_bisect(tree);
    add_compare(tree);
}

}  // namespace foldback::cli
