#include "foldback/remote/http_store.hpp"

#include "remote/foldback_store.hpp"
#include "remote/protocol_store.hpp"

namespace foldback {
namespace {

template <class Store>
std::unique_ptr<HttpStore> connected(std::string_view url, const HttpStoreOptions& options) {
    auto store = std::make_unique<Store>(url, options);
    require(*store, options.needed, "the program");  // before waiting for a server that cannot have it
    store->connect();
    require(*store, options.needed, "the program");
    return store;
}

}  // namespace

std::unique_ptr<HttpStore> HttpStore::open(std::string_view url, HttpStoreOptions options) {
    switch (options.server) {
        case StoreServer::foldback: return connected<remote::FoldbackStore>(url, options);
        case StoreServer::durable_streams: break;
    }
    return connected<remote::ProtocolStore>(url, options);
}

}  // namespace foldback
