// A store of any released format opens, says what it said, and goes on.
#include "compat/contents.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace {

using namespace foldback;
namespace fs = std::filesystem;

std::set<fs::path> stores() {
    std::set<fs::path> found;
    for (const auto& entry : fs::directory_iterator(FOLDBACK_COMPAT_STORES)) {
        if (entry.is_directory()) found.insert(entry.path());
    }
    return found;
}

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A copy to write to, gone at the end.
class Copy {
public:
    explicit Copy(const fs::path& original) : path_(fs::current_path() / ("compat-" + original.filename().string())) {
        fs::remove_all(path_);
        fs::copy(original, path_, fs::copy_options::recursive);
    }
    ~Copy() { fs::remove_all(path_); }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    [[nodiscard]] const fs::path& path() const noexcept { return path_; }

private:
    fs::path path_;
};

void go_on(LogStore& store) {
    const auto produced = [&](std::uint64_t seq) {
        return store
            .append({.stream = "produced",
                     .messages = Messages::json("\"later\"").value(),
                     .producer = Producer{.id = "till", .epoch = compat::last_epoch, .seq = seq}})
            .value();
    };
    CHECK(produced(compat::last_seq).duplicate);
    CHECK_FALSE(produced(compat::last_seq + 1).duplicate);
    CHECK(store.append({.stream = "sequenced", .messages = Messages::json("2").value(), .stream_seq = "a8"})
              .error()
              .reason == Refusal::stream_seq);
    CHECK(store.append({.stream = "closed", .messages = Messages::json("3").value()}).error().reason ==
          Refusal::closed);
    const auto created = store.create({.stream = "new", .config = {.content_type = "application/json"}}).value();
    for (const auto& info : store.list({}).streams) {
        if (info.stream != created.info.stream) CHECK(info.incarnation < created.info.incarnation);
    }
}

}  // namespace

TEST_CASE("there is a store of each released format") { CHECK(stores().size() >= 1); }

TEST_CASE("a store of a released format opens and says what it said, with its index and without") {
    for (const auto& original : stores()) {
        CAPTURE(original);
        const auto expected = text_of(original.string() + ".txt");
        REQUIRE_FALSE(expected.empty());
        for (const bool has_index : {true, false}) {
            CAPTURE(has_index);
            const Copy copy(original);
            if (!has_index) fs::remove(copy.path() / "index.db");
            CHECK(verify_store(copy.path()).sound());
            OpenReport report;
            const auto store = LogStore::open(copy.path(), compat::options(), &report);
            CHECK(report.torn_bytes == 0);
            CHECK(compat::contents_of(*store) == expected);
        }
    }
}

TEST_CASE("a store of a released format goes on, and what it said stays") {
    for (const auto& original : stores()) {
        CAPTURE(original);
        const Copy copy(original);
        go_on(*LogStore::open(copy.path(), compat::options()));
        const auto store = LogStore::open(copy.path(), compat::options());
        CHECK(store->read({.stream = "produced", .from = Offset{2 * (compat::last_seq + 1)}}).value().begin()->data ==
              "\"later\"");
        // New lines come in between and the tail moves; nothing else of what was there is gone.
        std::istringstream lines(text_of(original.string() + ".txt"));
        const auto now = compat::contents_of(*store);
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("feed up to") || line.starts_with("stream produced")) continue;
            CAPTURE(line);
            CHECK(now.find(line) != std::string::npos);
        }
    }
}
