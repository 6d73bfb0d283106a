#include "store_fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "foldback/postgres/postgres_log.hpp"

namespace foldback::contract {
namespace {

constexpr std::chrono::seconds patience{30};

const char* name_of(Place place) {
    switch (place) {
        case Place::memory: return "in memory";
        case Place::directory: return "in a directory";
        case Place::postgres: return "over a log in PostgreSQL";
        case Place::server: return "over our server, in memory";
        case Place::server_directory: return "over our server, in a directory";
        case Place::foreign: return "over another server";
    }
    return "nowhere";
}
const char* name_of(Driven driven) { return driven == Driven::by_threads ? "with threads" : "by hand"; }

bool is_served(Place place) { return place == Place::server || place == Place::server_directory; }

/// Knows the name of the case that runs, and over another server how many did.
struct CurrentCase : doctest::IReporter {
    explicit CurrentCase(const doctest::ContextOptions&) {}
    static inline const char* name = "";
    static inline bool ran_elsewhere = false;
    static inline bool was_told = false;
    static inline int run = 0;
    static inline int told = 0;

    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats&) override {
        if (run + told != 0) std::printf("over another server: %d ran, %d were told what is missing\n", run, told);
    }
    void test_case_start(const doctest::TestCaseData& started) override {
        name = started.m_name;
        ran_elsewhere = was_told = false;
    }
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats& ended) override {
        if (ended.failure_flags != 0) return;
        run += ran_elsewhere ? 1 : 0;
        told += was_told && !ran_elsewhere ? 1 : 0;
    }
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("current case", 1, CurrentCase);

/// Why a test is not for a store of this place; empty when it is.
std::string reason_not_to_run(const Needs& needs, Place place) {
    if (is_served(place)) return std::string(needs.not_over_http);
    if (place != Place::foreign) return {};
    if (!needs.not_elsewhere.empty()) return std::string(needs.not_elsewhere);
    const auto missing = needs.capabilities.missing_in(ServedStore().store().capabilities());
    if (!missing.empty()) return "needs " + missing.text();
    return needs.engine ? "needs our engine" : "";
}

void say_not_run(Place place, const std::string& reason) {
    std::printf("not run %s: %s: %s\n", name_of(place), CurrentCase::name, reason.c_str());
}

void run(const Needs& needs, const StoreTest& test, Place place, const LogStoreOptions& options) {
    if (const auto reason = reason_not_to_run(needs, place); !reason.empty()) {
        if (!needs.told || place != Place::foreign) return say_not_run(place, reason);
        Fixture fixture(place, Driven::by_threads, options);
        return expect_to_be_told(needs.capabilities, [&] { test(fixture); });
    }
    const bool is_here = place == Place::memory || place == Place::directory || place == Place::postgres;
    for (const auto driven : {Driven::by_hand, Driven::by_threads}) {
        // A database flushes for each commit: one way must do.
        if ((!is_here || place == Place::postgres) && driven == Driven::by_hand) continue;
        const auto kind = std::string(name_of(place)) + ", " + name_of(driven);
        CAPTURE(kind);
        Fixture fixture(place, driven, options);
        CurrentCase::ran_elsewhere = place == Place::foreign;
        test(fixture);
    }
}

/// One for all cases of the program.
test::PostgresServer& database_server() {
    static test::PostgresServer server;
    return server;
}

bool is_about_databases() { return std::getenv("CONTRACT_POSTGRES") != nullptr; }

ReadPage page_of(StreamStore& store, std::string_view path, const ReadFrom& from) {
    return store.read({.stream = path, .from = from, .max_bytes = 64 * 1024}).value();
}

}  // namespace

bool is_about_another_server() { return std::getenv("CONTRACT_SERVER_URL") != nullptr; }

void expect_to_be_told(Capabilities needed, const std::function<void()>& test) {
    say_not_run(Place::foreign, "needs " + needed.text());
    try {
        test();
        FAIL_CHECK("it declares that it needs " << needed.text() << ", and ran without");
    } catch (const MissingCapability& told) {
        CHECK_MESSAGE(told.missing.missing_in(needed).empty(), told.what());
        CurrentCase::was_told = true;
    }
}

Fixture::Fixture(Place where, Driven how, LogStoreOptions with) : place(where), driven(how), options(std::move(with)) {
    options.clock = &clock;
    options.background_threads = driven == Driven::by_threads;
    if (place == Place::directory || place == Place::server_directory)
        directory = std::make_unique<TemporaryDirectory>();
    if (place == Place::postgres) {
        directory = std::make_unique<TemporaryDirectory>();
        database = database_server().new_schema();
    }
    open();
}

Fixture::~Fixture() { close(); }

void Fixture::open() {
    report = {};
    if (place == Place::foreign) {
        served = std::make_unique<ServedStore>();
    } else {
        log = place == Place::postgres
                  ? LogStore::open_shared(open_postgres_log({.url = database, .segment_bytes = options.segment_bytes}),
                                          directory->path() / "data", options, &report)
              : directory ? LogStore::open(directory->path() / "data", options, &report)
                          : LogStore::in_memory(options);
        if (is_served(place)) served = std::make_unique<ServedStore>(*log, clock);
    }
    store = served ? static_cast<StreamStore*>(&served->store()) : log.get();
}

void Fixture::close() {
    store = nullptr;
    served.reset();
    log.reset();
}

void Fixture::reopen(const std::function<void(const std::filesystem::path&)>& between) {
    close();
    if (between) between(directory->path() / "data");
    open();
}

bool Fixture::eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        if (driven == Driven::by_hand) log->run_until_idle();
        std::this_thread::yield();
    }
    return true;
}

LogStoreOptions small_files() {
    LogStoreOptions options;
    options.segment_bytes = 512 * 1024;
    return options;
}

void on_every_store(const Needs& needs, const StoreTest& test, const LogStoreOptions& options) {
    if (is_about_another_server()) {
        run(needs, test, Place::foreign, options);
        return;
    }
    if (is_about_databases()) {
        run(needs, test, Place::postgres, options);
        return;
    }
    for (const auto place : {Place::memory, Place::directory, Place::server}) run(needs, test, place, options);
}

void on_every_directory(const StoreTest& test, const LogStoreOptions& options) {
    if (is_about_another_server()) {
        run(needs_engine(), test, Place::foreign, options);
        return;
    }
    if (is_about_databases()) {
        run(needs_engine(), test, Place::postgres, options);
        return;
    }
    for (const auto place : {Place::directory, Place::server_directory}) run(needs_engine(), test, place, options);
}

void on_every_own_directory(const StoreTest& test) {
    if (is_about_databases()) {
        std::printf("not run over a log in PostgreSQL: %s: what is damaged there is fetched again\n",
                    CurrentCase::name);
        return;
    }
    on_every_directory(test);
}

Messages json(std::string_view body) { return Messages::json(body).value(); }
Messages bytes(std::string data) { return Messages::bytes(std::move(data)); }

Created create_json(StreamStore& store, std::string_view path) {
    auto created = store.create({.stream = path, .config = {.content_type = json_type}}).value();
    REQUIRE(created.created);
    return created;
}

Created create_text(StreamStore& store, std::string_view path) {
    auto created = store.create({.stream = path, .config = {.content_type = text_type}}).value();
    REQUIRE(created.created);
    return created;
}

Appended append_json(StreamStore& store, std::string_view path, std::string_view body) {
    return store.append({.stream = path, .messages = json(body)}).value();
}

Appended append_text(StreamStore& store, std::string_view path, std::string text) {
    return store.append({.stream = path, .messages = bytes(std::move(text))}).value();
}

Created fork_at(StreamStore& store, std::string_view source, Offset at, std::string_view path) {
    const auto point = store.read({.stream = source, .from = at, .max_messages = 0}).value().start;
    auto created =
        store.create({.stream = path, .config = {.content_type = {}}, .fork = ForkFrom{.source = source, .at = point}})
            .value();
    REQUIRE(created.created);
    return created;
}

Strings texts(const ReadPage& page) {
    Strings all;
    for (const auto& message : page) all.emplace_back(message.data);
    return all;
}

Strings all_messages(StreamStore& store, std::string_view path, ReadFrom from) {
    Strings all;
    while (true) {
        const auto page = page_of(store, path, from);
        for (const auto& message : page) all.emplace_back(message.data);
        if (page.up_to_date) return all;
        from = page.next;
    }
}

std::string all_bytes(StreamStore& store, std::string_view path) {
    std::string all;
    for (const auto& part : all_messages(store, path)) all += part;
    return all;
}

Strings feed_of(StreamStore& store, const std::string& prefix, Position from) {
    Strings all;
    while (true) {
        const auto page = store.read_feed({.from = from, .prefix = prefix, .max_bytes = 64 * 1024});
        for (const auto& message : page.messages) {
            all.push_back(std::string(message.stream) + "@" + std::to_string(message.offset.offset.value) + "=" +
                          std::string(message.data));
        }
        if (page.up_to_date) return all;
        from = page.next;
    }
}

Strings paths_of(const StreamList& list) {
    Strings all;
    for (const auto& info : list.streams) all.push_back(info.stream.text());
    return all;
}

std::string pattern(std::size_t size, unsigned seed) {
    std::string text(size, '\0');
    auto state = seed * 2654435761U + 1;
    for (auto& byte : text) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>(' ' + (state >> 24) % 90);
    }
    return text;
}

}  // namespace foldback::contract
