#include "fault/story.hpp"

#include "fault/recorder.hpp"
#include "support/temporary_directory.hpp"

namespace foldback::fault {

std::filesystem::path fast_directory() {
    return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

Teller::Teller(Story& story, std::uint64_t seed, std::filesystem::path directory)
    : story_(story),
      random_(seed),
      directory_(std::move(directory)),
      model_(story.clock, story.options.max_producers_per_stream),
      generator_(random_, model_, story.clock) {}

template <class Call>
auto Teller::inside(Call call) {
    struct Scope {
        explicit Scope(const std::function<void(bool)>& with) : around(with) { around(true); }
        ~Scope() { around(false); }
        const std::function<void(bool)>& around;
    };
    const Scope scope(around_calls);
    return call();
}

void Teller::open() {
    store_ = inside([&] { return LogStore::open(directory_ / store_name, story_.options); });
}

void Teller::acknowledged() {
    story_.moments.push_back(
        {.disk_operations = recorded_(), .model = model_, .now_ms = story_.clock.monotonic().count()});
}

template <class Request, class Call>
void Teller::perform(const Request& request, Call call) {
    auto after = model_;
    const auto expected = after.apply(request);
    const auto outcome = [&] {
        try {
            return inside(call);
        } catch (const std::exception&) {
            in_doubt_ = after;
            throw;
        }
    }();
    if (may_be_full_ && !outcome && outcome.error().reason == Refusal::full) return;
    model::compare(outcome, expected);
    model_ = std::move(after);
    acknowledged();
}

void Teller::create(CreateRequest request) {
    perform(request, [&] { return store_->create(request); });
}

void Teller::append(AppendRequest request) {
    perform(request, [&] { return store_->append(request); });
}

void Teller::append_all(std::vector<AppendRequest> requests) {
    perform(requests, [&] { return store_->append_all(requests); });
}

void Teller::remove(const std::string& path) {
    perform(model::Remove{path}, [&] { return store_->remove(StreamPath(path)); });
}

void Teller::truncate(const std::string& path, std::uint64_t before) {
    perform(model::Truncate{path, {before}}, [&] { return store_->truncate_before(StreamPath(path), Offset{before}); });
}

void Teller::look() {
    model::compare_all(*store_, model_, random_);
    model::compare_memory(*store_, model_);
}

void Teller::random_operation() {
    const auto operation = generator_.next();
    if (const auto* request = std::get_if<CreateRequest>(&operation)) return create(*request);
    if (const auto* request = std::get_if<AppendRequest>(&operation)) return append(*request);
    if (const auto* requests = std::get_if<std::vector<AppendRequest>>(&operation)) return append_all(*requests);
    if (const auto* request = std::get_if<model::Remove>(&operation)) return remove(request->stream.text());
    const auto& request = std::get<model::Truncate>(operation);
    truncate(request.stream.text(), request.before.value);
}

void Teller::work(LogStore::Work work) {
    inside([&] { (void)store_->run_one(work); });
}

void Teller::expire_after(std::chrono::milliseconds time) {
    story_.clock.advance(time);
    if (!store_->run_one(LogStore::Work::expire)) return;
    model_.expire();
    while (store_->run_one(LogStore::Work::commit)) {
    }
    acknowledged();
}

void Teller::reopen() {
    store_.reset();
    open();
    model_.restart();
}

std::string Teller::text(std::size_t size) {
    auto text = std::to_string(++texts_) + ":";
    if (text.size() < size) text.resize(size, static_cast<char>('a' + texts_ % 26));
    return text;
}

Messages Teller::json(std::size_t count, std::size_t size) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back("\"" + text(size) + "\"");
    return Messages::trusted_json(values);
}

std::unique_ptr<Story> tell(std::uint64_t seed, const LogStoreOptions& options, const Script& script) {
    const test::TemporaryDirectory directory(fast_directory());
    auto story = std::make_unique<Story>(options);
    Recorder recorder(directory.path());
    Teller teller(*story, seed, directory.path());
    teller.recorded_ = [&recorder] { return recorder.size(); };
    story->moments.push_back({.disk_operations = 0, .model = teller.model_, .now_ms = 0});
    teller.open();
    script(teller);
    teller.store_.reset();
    story->disk_operations = recorder.finish();
    return story;
}

LogStoreOptions small_store(std::uint64_t segment_bytes) {
    LogStoreOptions options;
    options.background_threads = false;
    options.segment_bytes = segment_bytes;
    options.checkpoint_bytes = 4 << 10;
    options.rewrite_dead_fraction = 0.2;
    return options;
}

}  // namespace foldback::fault
