// A program of somebody else over a store in another process: it names the component `remote`, which brings store and client.

#include "foldback/remote/http_store.hpp"

int main(int argc, char** argv) {
    if (argc == 2) {
        const auto store = foldback::HttpStore::open(argv[1]);
        const auto created =
            store->create({.stream = "visits", .config = {.content_type = "application/json"}}).value();
        return created.created && store->head("visits").has_value() ? 0 : 1;
    }
    try {
        (void)foldback::HttpStore::open("http://127.0.0.1:1", {.patience = std::chrono::milliseconds(50)});
    } catch (const foldback::StoreUnavailable&) {
        return 0;
    }
    return 1;
}
