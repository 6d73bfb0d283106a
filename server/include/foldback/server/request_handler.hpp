#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "foldback/server/api.hpp"

namespace foldback::server {

/// What a connection asks of whoever answers its requests. All members are called from any I/O thread, several at a
/// time, and must throw nothing.
class RequestHandler {
public:
    virtual ~RequestHandler() = default;

    [[nodiscard]] virtual Reply handle(Request request) = 0;

    /// A refusal that needs no body: asked before `100 Continue` and before reading a body. `body_bytes` is 0 when the
    /// size is not declared (chunked).
    [[nodiscard]] virtual std::optional<Response> refuse_early(Method method, std::string_view target,
                                                               std::uint64_t body_bytes) const = 0;

    /// Asked once for each request, when its head has come: before `100 Continue`, before its body is read and before
    /// `handle`. May complete the request with what it learns; a response refuses it, and a body is not read then.
    /// `body_bytes` is absent when no body follows, 0 when its size is not declared.
    [[nodiscard]] virtual std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) {
        if (!body_bytes) return std::nullopt;
        return refuse_early(head.method, head.target, *body_bytes);
    }
};

/// The protocol as a handler. Borrows `api`.
[[nodiscard]] std::unique_ptr<RequestHandler> handler_of(Api& api);

}  // namespace foldback::server
