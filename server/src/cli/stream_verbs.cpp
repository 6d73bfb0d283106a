#include "cli/verb_tree.hpp"

/// The verbs that write and read streams.
namespace foldback::cli {
namespace {

/// A verb that speaks to a server.
template <class T>
std::pair<CLI::App*, std::shared_ptr<T>> add_stream_verb(VerbTree& tree, const std::string& name,
                                                         const std::string& meaning) {
    auto verb = tree.add_verb<T>(tree.program(), name, "Streams", meaning);
    tree.add_connection(*verb.first);
    tree.add_common(*verb.first);
    return verb;
}

/// `--json` and `--content-type` of the verbs that write: as in the reference client, `--json` says what the
/// stream is; here the result is a JSON document, too.
void add_content_type(VerbTree& tree, CLI::App& app, ContentType& target) {
    auto* type = app.add_option("--content-type", target.text, "media type of the stream")->type_name("TYPE");
    app.add_flag_callback(
           "--json", [&common = tree.common(), &target] { common.json = true, target.text = "application/json"; },
           "the stream is JSON (--content-type application/json), and so is the result")
        ->excludes(type);
}

void add_import(VerbTree& tree) {
    auto [import, i] = add_stream_verb<ImportCommand>(tree, "import", "create and append what `export --all` printed");
    import->add_option("file", i->file, "the lines; - is standard input")->default_str("-");
    import->add_option("--id", i->id, "of the producer: run again with the same one, nothing is added twice")
        ->type_name("ID")
        ->default_str("import");
    import->add_flag("--dry-run", i->dry_run, "only read the lines and say what they hold");
    tree.add_json(*import);
    tree.add_progress(*import);
}

void add_writing_verbs(VerbTree& tree) {
    auto [create, c] = add_stream_verb<CreateCommand>(tree, "create", "create a stream");
    create->add_option("stream", c->stream, "its name")->required();
    add_content_type(tree, *create, c->content_type);
    create->add_option("--file", c->file, "initial content; - is standard input")->type_name("FILE");
    create->add_option("--ttl-seconds", c->ttl_seconds, "it expires after this long without a read or write")
        ->type_name("N");
    create->add_option("--expires-at", c->expires_at, "it expires then, such as 2030-01-01T00:00:00Z")
        ->type_name("TIME");
    create->add_flag("--closed", c->closed, "create it closed: the initial content is all there will be");

    auto [append, a] =
        add_stream_verb<AppendCommand>(tree, "append", "append to a stream: words, a file or standard input");
    append->alias("write");
    append->add_option("stream", a->stream, "its name")->required();
    // Words are what CLI11 does not know: it would split an option of many values that looks like [a,b] at the commas.
    append->allow_extras()->fallthrough(false);
    append->footer(
        "Words after the name are joined by blanks; in them \\n \\t \\r \\\\ are escapes unless the stream is "
        "JSON.\nWords that begin with a dash stand after --.");
    tree.set_command(append, [values = a, verb = append] {
        values->words = verb->remaining();
        return Command(*values);
    });
    add_content_type(tree, *append, a->content_type);
    append->add_option("--file", a->file, "append the content of this file; - is standard input")->type_name("FILE");
    auto* batch = append->add_flag("--batch-json", a->batch_json, "each element of a JSON array is a message");
    append->add_flag("--ndjson", a->ndjson, "each line is a JSON message; they are sent in batches")->excludes(batch);
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
        ->add_option("--producer-id", a->producer_id, "number the appends, so that running it again adds nothing twice")
        ->type_name("ID");
    append->add_option("--producer-epoch", a->producer_epoch, "epoch of that producer")
        ->type_name("N")
        ->default_str("0");
    append->add_flag("--close", a->close, "close the stream with the last append");
    tree.add_progress(*append);

    auto [fork, f] = add_stream_verb<ForkCommand>(tree, "fork", "create a stream that shares the beginning of another");
    fork->add_option("source", f->source, "the stream to leave")->required();
    fork->add_option("stream", f->stream, "name of the new stream")->required();
    fork->add_option("--offset", f->offset, "where to leave it; its end when absent")->type_name("OFFSET");
    fork->add_option("--sub-offset", f->sub_offset, "messages (JSON) or bytes past that")
        ->type_name("N")
        ->default_str("0");
    fork->add_option("--ttl-seconds", f->ttl_seconds, "it expires after this long without a read or write")
        ->type_name("N");
    fork->add_option("--expires-at", f->expires_at, "it expires then")->type_name("TIME");
    tree.add_json(*fork);

    auto [close, cl] = add_stream_verb<CloseCommand>(tree, "close", "close a stream: nothing can be appended any more");
    close->add_option("stream", cl->stream, "its name")->required();
    tree.add_json(*close);
    auto [remove, d] = add_stream_verb<DeleteCommand>(tree, "delete", "delete a stream and its data");
    remove->add_option("stream", d->stream, "its name")->required();
    tree.add_json(*remove);
    auto [truncate, t] = add_stream_verb<TruncateCommand>(tree, "truncate", "give up the data before an offset");
    truncate->add_option("stream", t->stream, "its name")->required();
    truncate->add_option("--before", t->before, "the first offset to keep; now keeps nothing")
        ->type_name("OFFSET")
        ->required();
    tree.add_json(*truncate);
    add_import(tree);
}

template <class T>
void add_live(CLI::App& app, T& values) {
    add_choice<LiveMode>(app, "--live", values.live,
                         {{"auto", LiveMode::automatic}, {"sse", LiveMode::sse}, {"long-poll", LiveMode::long_poll}},
                         "how to follow; auto is sse for JSON, else long-poll, which keeps every byte");
    app.add_option("--give-up-after-ms", values.give_up_after_ms, "end when the server cannot be reached for so long")
        ->type_name("MS")
        ->default_str("300000");
}

void add_reading_verbs(VerbTree& tree) {
    auto [read, r] = add_stream_verb<ReadCommand>(tree, "read", "print a stream from its start, then follow it");
    read->add_option("stream", r->stream, "its name")->required();
    read->add_option("--offset", r->offset, "begin there; -1 is the start, now is the end")
        ->type_name("OFFSET")
        ->default_str("-1");
    read->add_option("--limit", r->limit, "end after so many messages (JSON) or bytes")->type_name("N");
    read->add_flag("--until-end", r->until_end, "end at the present end of the stream instead of following it");
    read->add_flag("--backward", r->backward, "newest first, from the end or --offset to the start; JSON streams only");
    add_live(*read, *r);
    tree.add_json(*read);
    tree.add_data(*read);

    auto [tail, t] = add_stream_verb<TailCommand>(tree, "tail", "print the last messages of a stream");
    tail->add_option("stream", t->stream, "its name")->required();
    tail->add_option("-n,--last", t->last, "so many messages; only JSON streams can be read from their end")
        ->type_name("N")
        ->default_str("10")
        ->check(between(0, 1'000'000));
    tail->add_flag("-f,--follow", t->follow, "go on with what is appended, reconnecting when needed");
    add_live(*tail, *t);
    tree.add_json(*tail);
    tree.add_data(*tail);

    auto [head, h] = add_stream_verb<HeadCommand>(tree, "head", "print what is known of a stream");
    head->add_option("stream", h->stream, "its name")->required();
    tree.add_json(*head);
    tree.add_data(*head);

    auto [list, l] = add_stream_verb<ListCommand>(tree, "list", "print the names of the streams");
    list->alias("ls");
    list->add_option("prefix", l->prefix, "only names that begin with this");
    list->add_option("--limit", l->limit, "at most so many")->type_name("N");
    list->add_flag("-l,--long", l->long_form, "content type, end and state of each");
    tree.add_json(*list);
    tree.add_data(*list);
}

}  // namespace

void add_stream_verbs(VerbTree& tree) {
    add_writing_verbs(tree);
    add_reading_verbs(tree);
}

}  // namespace foldback::cli
