// Measures the framework against what it stands on, in one run.
// usage: framework_bench DIRECTORY [--json FILE]
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <simdjson.h>
#include <nlohmann/json.hpp>

#include "foldback/store/log_store.hpp"
#include "million_events.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace {

using namespace foldback;
using bench::Account;
using bench::AccountState;

constexpr int rounds = 5;
constexpr auto event_count = bench::million;

/// The messages of a stream as they are stored, one after another.
struct Bytes {
    simdjson::padded_string text;
    std::vector<std::string_view> messages;
};

Bytes bytes_of(LogStore& store, const StreamPath& stream) {
    std::string joined;
    std::vector<std::size_t> sizes;
    for (ReadFrom from = FromStart{};;) {
        const auto page = store.read({.stream = stream, .from = from}).value();
        for (const auto& message : page) {
            joined += message.data;
            sizes.push_back(message.data.size());
        }
        if (page.up_to_date) break;
        from = page.next;
    }
    Bytes bytes{.text = simdjson::padded_string(joined), .messages = {}};
    const char* at = bytes.text.data();
    for (const auto size : sizes) {
        bytes.messages.emplace_back(at, size);
        at += size;
    }
    return bytes;
}

/// Visits every field of a value; returns something that depends on all of them.
std::uint64_t walk(simdjson::ondemand::value value) {
    switch (value.type().value()) {
        case simdjson::ondemand::json_type::object: {
            std::uint64_t sum = 0;
            for (auto field : value.get_object()) {
                sum += field.unescaped_key().value().size();
                sum += walk(field.value());
            }
            return sum;
        }
        case simdjson::ondemand::json_type::array: {
            std::uint64_t sum = 0;
            for (auto item : value.get_array()) sum += walk(item.value());
            return sum;
        }
        case simdjson::ondemand::json_type::string: return value.get_string().value().size();
        case simdjson::ondemand::json_type::number: return static_cast<std::uint64_t>(value.get_int64().value());
        case simdjson::ondemand::json_type::boolean: return value.get_bool().value() ? 1 : 0;
        case simdjson::ondemand::json_type::null: break;
    }
    return 0;
}

std::uint64_t checksum = 0;  // so that nothing is optimised away

double simdjson_events_per_second(const Bytes& bytes) {
    simdjson::ondemand::parser parser;
    const auto elapsed = bench::seconds([&] {
        for (const auto message : bytes.messages) {
            // What follows each message in the buffer serves as its padding.
            auto document = parser.iterate(message.data(), message.size(), message.size() + simdjson::SIMDJSON_PADDING);
            for (auto field : document.get_object()) {
                checksum += field.unescaped_key().value().size();
                checksum += walk(field.value());
            }
        }
    });
    return static_cast<double>(bytes.messages.size()) / elapsed;
}

double nlohmann_events_per_second(const Bytes& bytes) {
    AccountState state;
    const auto elapsed = bench::seconds([&] {
        for (const auto message : bytes.messages) {
            const auto document = nlohmann::json::parse(message);
            const auto& type = document.at("type").get_ref<const std::string&>();
            const auto& data = document.at("data");
            if (type == "Deposited") {
                state.apply(bench::Deposited{data.at("from"), data.at("cents"), data.at("note")});
            } else if (type == "Withdrawn") {
                state.apply(bench::Withdrawn{data.at("machine"), data.at("cents")});
            } else {
                std::abort();
            }
        }
    });
    checksum += static_cast<std::uint64_t>(state.cents);
    return static_cast<double>(bytes.messages.size()) / elapsed;
}

std::vector<bench::Row> rehydrate(const std::filesystem::path& directory) {
    const auto store = LogStore::open(directory / "rehydrate");
    const Repository<Account> accounts(*store, {.category = "accounts"});
    bench::fill(accounts);
    store->run_one(LogStore::Work::checkpoint);
    const auto bytes = bytes_of(*store, "accounts/1");
    const auto load = [&] {
        const auto elapsed = bench::seconds([&] {
            const auto account = accounts.load("1");
            if (account.offset() != Offset{event_count}) std::abort();
            checksum += static_cast<std::uint64_t>(account.state().cents);
        });
        return static_cast<double>(event_count) / elapsed;
    };
    (void)load();
    (void)simdjson_events_per_second(bytes);
    const auto name = "rehydrate 1,000,000 events of " + std::to_string(bytes.text.size() / event_count) + " bytes";
    return {bench::compare(
                {.name = name, .unit = "events/s", .peer = "simdjson on-demand walking the same bytes", .target = 0.7},
                rounds, load, [&] { return simdjson_events_per_second(bytes); }),
            bench::compare({.name = name, .unit = "events/s", .peer = "nlohmann/json doing the same fold", .target = 8},
                           3, load, [&] { return nlohmann_events_per_second(bytes); })};
}

/// The user time of compiling a file as a release is compiled.
double compile_seconds(const std::string& file) {
    const auto children_seconds = [] {
        rusage usage{};
        ::getrusage(RUSAGE_CHILDREN, &usage);
        return static_cast<double>(usage.ru_utime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec) / 1e6;
    };
    const auto before = children_seconds();
    const auto command =
        std::string(FOLDBACK_BENCH_COMPILER " -std=c++20 -O2 -I " FOLDBACK_BENCH_INCLUDE " -c -o /dev/null ") +
        FOLDBACK_BENCH_SOURCES "/compile_time/" + file;
    if (std::system(command.c_str()) != 0) std::abort();
    return children_seconds() - before;
}

std::vector<bench::Row> compile_time(const std::filesystem::path&) {
    const auto domain = [] { return compile_seconds("domain.cpp"); };
    const auto standard_only = [] { return compile_seconds("standard_only.cpp"); };
    (void)domain();
    (void)standard_only();
    return {bench::compare({.name = "compiling a domain file",
                            .unit = "s",
                            .peer = "<string>, <vector>, <variant> alone",
                            .target = 4,
                            .at_most = true},
                           7, domain, standard_only)};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: framework_bench DIRECTORY [--json FILE]\n");
        return 2;
    }
    const auto directory = std::filesystem::path(argv[1]) / "framework-bench";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    auto rows = nlohmann::json::array();
    for (const auto& measure : {rehydrate, compile_time}) {
        for (const auto& row : measure(directory)) {
            bench::print(row);
            rows.push_back(bench::json_of(row));
        }
    }
    if (argc == 4) std::ofstream(argv[3]) << rows.dump(2) << '\n';
    std::filesystem::remove_all(directory);
    return checksum == 0 ? 1 : 0;
}
