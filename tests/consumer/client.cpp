// A program of somebody else that talks to a server: it links the client and nothing of the store.

#include "foldback/client/client.hpp"

int main() {
    const foldback::client::Client client({.retry = {.max_retries = 0}});
    const auto stream = client.stream("http://127.0.0.1:1/nobody");
    return stream.head().error().code == foldback::client::ErrorCode::network ? 0 : 1;
}
