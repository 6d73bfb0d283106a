#include "foldback/remote/http_store.hpp"

#include "remote/foldback_store.hpp"

namespace foldback {

std::unique_ptr<HttpStore> HttpStore::open(std::string_view url, HttpStoreOptions options) {
    auto store = std::make_unique<remote::FoldbackStore>(url, options);
    store->connect();
    require(*store, options.needed, "the program");
    return store;
}

}  // namespace foldback
