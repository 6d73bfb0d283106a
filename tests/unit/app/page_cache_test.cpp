#include "app/page_cache.hpp"

#include <map>
#include <random>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "foldback/app/database.hpp"

/// SQLite's page cache, spared a search.
namespace foldback::app {
namespace {

constexpr int page_bytes = 512;

/// A cache beside what must be in it: for each page number, the page.
class CheckedCache {
public:
    CheckedCache() : cache_(methods().xCreate(page_bytes, 8, 1)) { methods().xCachesize(cache_, 10'000); }
    CheckedCache(const CheckedCache&) = delete;
    CheckedCache& operator=(const CheckedCache&) = delete;
    ~CheckedCache() { methods().xDestroy(cache_); }

    void fetch(unsigned number) { pages_[number] = methods().xFetch(cache_, number, 2); }

    /// To where no page is: SQLite drops that one before.
    void move(unsigned from, unsigned to) {
        const auto node = pages_.find(from);
        if (node == pages_.end() || pages_.contains(to)) return;
        auto* const page = node->second;
        pages_.erase(node);
        pages_[to] = page;
        methods().xRekey(cache_, page, from, to);
    }

    void truncate(unsigned end) {
        methods().xTruncate(cache_, end);
        pages_.erase(pages_.lower_bound(end), pages_.end());
    }

    /// Whether the cache holds just the pages that it must, up to `last`.
    [[nodiscard]] bool is_right(unsigned last) const {
        for (unsigned number = 1; number <= last; ++number) {
            const auto expected = pages_.find(number);
            auto* const found = methods().xFetch(cache_, number, 0);
            if (found != (expected == pages_.end() ? nullptr : expected->second)) return false;
        }
        return methods().xPagecount(cache_) == static_cast<int>(pages_.size());
    }

private:
    static const sqlite3_pcache_methods2& methods() {
        static const auto& them = []() -> const sqlite3_pcache_methods2& {
            tune_sqlite();
            sqlite3_initialize();
            return *page_cache_methods();
        }();
        return them;
    }

    sqlite3_pcache* cache_;
    std::map<unsigned, sqlite3_pcache_page*> pages_;
};

/// Moves and drops that follow one another at random; whether the cache held what it must after each.
bool stays_right(std::uint32_t seed) {
    constexpr unsigned numbers = 40;
    constexpr int steps = 400;
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto number = [&] { return 1 + static_cast<unsigned>(random() % numbers); };
    CheckedCache cache;
    for (int step = 0; step < steps; ++step) {
        switch (random() % 8) {
            case 0: cache.truncate(number()); break;
            case 1: cache.move(number(), number()); break;
            default: cache.fetch(number());
        }
        if (!cache.is_right(numbers)) return false;
    }
    return true;
}

TEST_CASE("a page that was moved aside and back is kept when the cache is cut at the file's end") {
    CheckedCache cache;
    for (unsigned number = 1; number <= 10; ++number) cache.fetch(number);

    cache.move(3, 200);
    cache.move(7, 3);
    cache.move(200, 7);
    cache.truncate(11);

    CHECK(cache.is_right(200));
}

TEST_CASE("a page that stays aside is dropped when the cache is cut below it") {
    CheckedCache cache;
    for (unsigned number = 1; number <= 10; ++number) cache.fetch(number);

    cache.move(3, 200);
    cache.truncate(11);

    CHECK(cache.is_right(200));
}

TEST_CASE("whatever is fetched, moved and cut, the cache holds the pages that SQLite's own would") {
    for (std::uint32_t seed = 1; seed <= 50; ++seed) REQUIRE(stays_right(seed));
}

TEST_CASE("a database stays whole with this cache, also when transactions that split pages are taken back") {
    tune_sqlite();  // without effect when another case did
    const auto database = Database::in_memory({.cache_bytes = 256 << 10});
    database->write([](ReadModel& model) { model.script("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)"); });
    std::mt19937 random(1);
    std::uint64_t expected = 0;

    for (int round = 0; round < 60; ++round) {
        const bool taken_back = round % 3 == 2;
        std::uint64_t added = 0;
        const auto work = [&](ReadModel& model) {
            for (int row = 0; row < 200; ++row)
                added += model.execute("INSERT OR IGNORE INTO t VALUES (?, ?)",
                                       {random() % 1'000'000, std::string(300, 'x')});
            if (taken_back) throw std::runtime_error("taken back");
        };
        try {
            database->write(work);
            expected += added;
        } catch (const std::runtime_error&) {
            CHECK(taken_back);
        }
    }

    database->read([&](ReadModel& model) {
        CHECK(model.value<std::string>("PRAGMA integrity_check") == "ok");
        CHECK(model.value<std::uint64_t>("SELECT count(*) FROM t") == expected);
    });
}

}  // namespace
}  // namespace foldback::app
