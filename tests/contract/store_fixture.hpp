#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <concepts>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "support/postgres_server.hpp"
#include "support/served_store.hpp"
#include "support/temporary_directory.hpp"

/// What the contract tests share: every store that must keep the port's contract, and short words for requests.

namespace foldback::contract {

using test::ServedStore;
using test::TemporaryDirectory;

enum class Place : std::uint8_t {
    memory,
    directory,
    postgres,          ///< in a directory that is a copy of a log in a database
    server,            ///< an HttpStore over our server, whose store is in memory
    server_directory,  ///< the same, in a directory
    foreign,           ///< an HttpStore over another server, which stands at the URL in CONTRACT_SERVER_URL
};
enum class Driven : std::uint8_t { by_threads, by_hand };

/// A store under test and what belongs to it.
class Fixture {
public:
    Fixture(Place place, Driven driven, LogStoreOptions options);
    ~Fixture();

    /// Closes the store and opens it again; `between` may touch its files meanwhile.
    void reopen(const std::function<void(const std::filesystem::path&)>& between = {});
    void close();
    void open();

    /// Drives the store, or lets its threads work, until the condition holds; false when that takes too long.
    [[nodiscard]] bool eventually(const std::function<bool()>& condition);

    [[nodiscard]] std::filesystem::path index_file() const { return directory->path() / "data" / "index.db"; }

    Place place;
    Driven driven;
    ManualClock clock;
    LogStoreOptions options;
    std::unique_ptr<TemporaryDirectory> directory;
    std::string database;           ///< its URL
    std::unique_ptr<LogStore> log;  ///< the engine; null over another server than ours
    std::unique_ptr<ServedStore> served;
    StreamStore* store = nullptr;  ///< what is tested
    OpenReport report;             ///< of the last opening in a directory
};

/// Small files, so that a test fills several quickly.
[[nodiscard]] LogStoreOptions small_files();

using StoreTest = std::function<void(Fixture&)>;

/// What a test needs of a store beyond its contract. Where a store does not have it, the test is not run there, and the
/// program says so in a line "not run over …".
struct Needs {
    Capabilities capabilities{};
    /// Where they are missing the test is begun all the same, and must end as expect_to_be_told says.
    bool told = false;
    /// Reaches past the port: moves the clock, changes the engine's options, looks at its statistics.
    bool engine = false;
    /// Why it cannot be so behind HTTP; empty: it can.
    std::string_view not_over_http{};
    /// The same for a server that is not ours.
    std::string_view not_elsewhere{};
};
[[nodiscard]] inline Needs needs(std::initializer_list<Capability> capabilities) {
    return {.capabilities = capabilities};
}
[[nodiscard]] inline Needs told_without(std::initializer_list<Capability> capabilities) {
    return {.capabilities = capabilities, .told = true};
}
[[nodiscard]] inline Needs needs_engine() { return {.engine = true}; }
[[nodiscard]] inline Needs not_elsewhere(std::string_view because) { return {.not_elsewhere = because}; }
[[nodiscard]] inline Needs embedded_only(std::string_view because) {
    return {.engine = true, .not_over_http = because};
}

/// Whether this run is about the server in CONTRACT_SERVER_URL, and about no other store.
[[nodiscard]] bool is_about_another_server();
/// Of such a run: the test must end with a MissingCapability, and of nothing but `needed`.
void expect_to_be_told(Capabilities needed, const std::function<void()>& test);

/// Runs a test on every store there is.
void on_every_store(const Needs& needs, const StoreTest& test, const LogStoreOptions& options = small_files());
inline void on_every_store(const StoreTest& test) { on_every_store(Needs{}, test); }
/// With options for the engine, which it therefore needs.
inline void on_every_store(const StoreTest& test, const LogStoreOptions& options) {
    on_every_store(needs_engine(), test, options);
}
/// Runs a test on every store of ours that outlives its object.
void on_every_directory(const StoreTest& test, const LogStoreOptions& options = small_files());
/// The same for files that are nowhere else: a copy that suffers is fetched again.
void on_every_own_directory(const StoreTest& test);

// ---- short words ----

inline constexpr const char* json_type = "application/json";
inline constexpr const char* text_type = "text/plain";

[[nodiscard]] Messages json(std::string_view body);
[[nodiscard]] Messages bytes(std::string data);

/// Creates an open stream and requires that it is new.
Created create_json(StreamStore& store, std::string_view path);
Created create_text(StreamStore& store, std::string_view path);

Appended append_json(StreamStore& store, std::string_view path, std::string_view body);
Appended append_text(StreamStore& store, std::string_view path, std::string text);

/// Forks at an offset of the source.
Created fork_at(StreamStore& store, std::string_view source, Offset at, std::string_view path);

/// "accepted", or the name of the refusal.
template <class Value>
[[nodiscard]] std::string answer(const Result<Value>& result) {
    return result.has_value() ? "accepted" : name_of(result.error().reason);
}

/// Every message of a stream from a place on, page by page.
[[nodiscard]] std::vector<std::string> all_messages(StreamStore& store, std::string_view path,
                                                    ReadFrom from = FromStart{});
/// The bytes of a stream in one piece.
[[nodiscard]] std::string all_bytes(StreamStore& store, std::string_view path);
[[nodiscard]] std::vector<std::string> texts(const ReadPage& page);

/// One message of the feed as `path@offset=data`.
[[nodiscard]] std::vector<std::string> feed_of(StreamStore& store, const std::string& prefix = {}, Position from = {});

[[nodiscard]] std::vector<std::string> paths_of(const StreamList& list);

/// `size` bytes that differ from place to place.
[[nodiscard]] std::string pattern(std::size_t size, unsigned seed = 1);

using Strings = std::vector<std::string>;

}  // namespace foldback::contract

// How failed checks print values.
template <class Value>
requires requires(const Value& value) {
    { value.value } -> std::convertible_to<std::uint64_t>;
}
struct doctest::StringMaker<Value> {
    static doctest::String convert(const Value& value) { return doctest::toString(value.value); }
};

template <class Value>
struct doctest::StringMaker<boost::system::result<Value, foldback::Refused>> {
    static doctest::String convert(const foldback::Result<Value>& result) {
        return foldback::contract::answer(result).c_str();
    }
};

template <>
struct doctest::StringMaker<foldback::StreamPoint> {
    static doctest::String convert(const foldback::StreamPoint& point) {
        return doctest::toString(point.incarnation.value) + "_" + doctest::toString(point.offset.value);
    }
};

template <>
struct doctest::StringMaker<std::vector<std::string>> {
    static doctest::String convert(const std::vector<std::string>& strings) {
        std::string text;
        for (const auto& part : strings) text += (text.empty() ? "" : " | ") + part.substr(0, 60);
        return ("[" + text + "]").c_str();
    }
};
