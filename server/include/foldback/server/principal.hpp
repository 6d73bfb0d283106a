#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/types.hpp"

namespace foldback::server {

/// What a principal may be allowed. All but `admin` are about a stream.
enum class Verb : std::uint8_t {
    read,       ///< GET and HEAD, and seeing it in lists and feeds
    append,     ///< POST with a body
    create,     ///< PUT
    close,      ///< POST with `Stream-Closed: true`
    remove,     ///< DELETE
    fork,       ///< being the source of a fork, together with `read`
    subscribe,  ///< being subscribed to, together with `read`
    webhook,    ///< having its news sent to a URL
    admin,      ///< what is about the whole server: the debugger
};

/// What a principal may take up at most; 0: any amount.
struct Quota {
    std::uint64_t streams = 0;
    std::uint64_t bytes = 0;  ///< of messages, as they are stored
    std::uint64_t subscriptions = 0;
};

/// Who sent a request, as far as authorisation goes. Immutable; any thread.
class Principal {
public:
    virtual ~Principal() = default;

    /// Unlike that of every other principal. Producer ids are its own: two principals never share a producer.
    [[nodiscard]] virtual std::string_view id() const noexcept = 0;

    /// Whether it is everybody who shows no credentials: what it may read is nobody's secret, and shared caches may keep it.
    [[nodiscard]] virtual bool is_anonymous() const noexcept { return false; }

    /// Whether it may do this with a stream. `path` is the decoded path that routing found; it need not exist. For
    /// `admin` it is empty.
    [[nodiscard]] virtual bool may(Verb verb, std::string_view path) const = 0;

    /// What the paths begin with for which `may` can be true, in order, none the beginning of another. A list looks at
    /// no others.
    [[nodiscard]] virtual std::vector<std::string> prefixes(Verb) const { return {std::string()}; }

    /// It counts what there is where the principal may create or append, or subscribe, whoever made it.
    [[nodiscard]] virtual Quota quota() const noexcept { return {}; }
};

}  // namespace foldback::server
