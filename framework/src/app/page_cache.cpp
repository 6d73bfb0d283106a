#include "app/page_cache.hpp"

#include <algorithm>
#include <new>

namespace foldback::app {
namespace {

sqlite3_pcache_methods2 own;  ///< SQLite's

/// Every page in the cache has a number up to `highest`, but for one at most, which was moved to the number `aside`.
struct Cache {
    sqlite3_pcache* real;
    unsigned highest = 0;
    unsigned aside = 0;  ///< 0: no page is there
};

Cache& of(sqlite3_pcache* cache) noexcept { return *reinterpret_cast<Cache*>(cache); }

sqlite3_pcache* create(int page_bytes, int extra_bytes, int can_be_purged) {
    auto* const real = own.xCreate(page_bytes, extra_bytes, can_be_purged);
    if (real == nullptr) return nullptr;
    auto* const cache = new (std::nothrow) Cache{.real = real};
    if (cache == nullptr) own.xDestroy(real);
    return reinterpret_cast<sqlite3_pcache*>(cache);
}

void destroy(sqlite3_pcache* cache) {
    own.xDestroy(of(cache).real);
    delete &of(cache);
}

sqlite3_pcache_page* fetch(sqlite3_pcache* cache, unsigned number, int may_create) {
    if (may_create != 0) of(cache).highest = std::max(of(cache).highest, number);
    return own.xFetch(of(cache).real, number, may_create);
}

void move(sqlite3_pcache* cache, sqlite3_pcache_page* page, unsigned from, unsigned to) {
    auto& known = of(cache);
    if (known.aside == from) known.aside = 0;
    if (to > known.highest && known.aside == 0) {
        known.aside = to;
    } else {
        known.highest = std::max(known.highest, to);
    }
    own.xRekey(known.real, page, from, to);
}

/// Drops the pages whose numbers are not below `end`.
void truncate(sqlite3_pcache* cache, unsigned end) {
    auto& known = of(cache);
    if (known.highest < end && known.aside < end) return;
    own.xTruncate(known.real, end);
    if (known.aside >= end) known.aside = 0;
    known.highest = std::min(known.highest, end > 0 ? end - 1 : 0);
}

sqlite3_pcache_methods2 sparing_methods() noexcept {
    if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &own) != SQLITE_OK) return {};
    auto methods = own;
    methods.xCreate = create;
    methods.xDestroy = destroy;
    methods.xCachesize = [](sqlite3_pcache* cache, int pages) { own.xCachesize(of(cache).real, pages); };
    methods.xPagecount = [](sqlite3_pcache* cache) { return own.xPagecount(of(cache).real); };
    methods.xFetch = fetch;
    methods.xUnpin = [](sqlite3_pcache* cache, sqlite3_pcache_page* page, int discard) {
        own.xUnpin(of(cache).real, page, discard);
    };
    methods.xRekey = move;
    methods.xTruncate = truncate;
    methods.xShrink = [](sqlite3_pcache* cache) { own.xShrink(of(cache).real); };
    return methods;
}

}  // namespace

const sqlite3_pcache_methods2* page_cache_methods() noexcept {
    static const auto methods = sparing_methods();
    return methods.xCreate != nullptr ? &methods : nullptr;
}

}  // namespace foldback::app
