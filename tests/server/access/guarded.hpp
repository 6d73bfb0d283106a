#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "foldback/server/access.hpp"
#include "server/protocol/surface.hpp"
#include "support/temporary_directory.hpp"

namespace foldback::server {

/// The protocol's surface behind an access file, asked as a connection asks.
class Guarded {
public:
    explicit Guarded(const std::string& policy)
        : surface({.requires_principal = true}), file_(folder_.path() / "access.json") {
        write(policy);
        control.emplace(file_, surface.clock);
        handler_ = with_access(*control, *inner_);
    }

    void write(const std::string& policy) { std::ofstream(file_) << policy; }
    /// Puts another policy into force.
    void change(const std::string& policy) {
        write(policy);
        control->read_again()();
    }

    Reply reply(Method method, std::string target, Headers headers, std::string body = {}) {
        Request request;
        request.method = method;
        request.target = std::move(target);
        request.headers = std::move(headers);
        request.peer = peer;
        std::optional<std::uint64_t> body_bytes;
        if (!body.empty()) body_bytes = body.size();
        if (auto refused = handler_->admit(request, body_bytes)) return std::move(*refused);
        request.body = std::move(body);
        return handler_->handle(std::move(request));
    }

    Response call(Method method, std::string target, Headers headers, std::string body = {}) {
        auto given = reply(method, std::move(target), std::move(headers), std::move(body));
        if (auto* response = std::get_if<Response>(&given)) return std::move(*response);
        auto* pending = std::get_if<Pending>(&given);
        REQUIRE(pending != nullptr);
        return surface.finish(*pending);
    }

    Surface surface;
    std::shared_ptr<Peer> peer = std::make_shared<Peer>();
    std::optional<AccessControl> control;

private:
    test::TemporaryDirectory folder_;
    std::filesystem::path file_;
    std::unique_ptr<RequestHandler> inner_ = handler_of(surface.api);
    std::unique_ptr<RequestHandler> handler_;
};

/// `{"id":…,"sha256":…,"grants":…}` of a token.
[[nodiscard]] std::string token_entry(const std::string& id, const std::string& token, const std::string& grants,
                                      const std::string& expires = {});
[[nodiscard]] std::string policy_of_tokens(const std::vector<std::string>& entries);
[[nodiscard]] inline std::pair<std::string, std::string> bearer(const std::string& token) {
    return {"authorization", "Bearer " + token};
}

}  // namespace foldback::server
