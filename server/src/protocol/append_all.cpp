#include <algorithm>
#include <utility>

#include "protocol/append_all_body.hpp"
#include "protocol/authorise.hpp"
#include "protocol/header_values.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/reserved.hpp"
#include "protocol/store_refusal.hpp"

namespace foldback::server::protocol {

namespace {

/// Whether the sender may do with this stream all that its append asks for. An assertion tells where a stream is.
bool may_append(const Request& request, const AppendRequest& append) {
    const auto& path = append.stream.text();
    if (append.create_with && !may(request, Verb::create, path)) return false;
    if (append.close && !may(request, Verb::close, path)) return false;
    if (!append.messages.empty()) return may(request, Verb::append, path);
    return append.close || may(request, Verb::read, path);
}

std::optional<Problem> refuse_any(const Service& service, const Request& request,
                                  const std::vector<AppendRequest>& appends) {
    bool has_data = false;
    std::uint64_t created = 0;
    const bool limits_growth = service.options.has_room || (service.options.quotas != nullptr && request.principal);
    for (const auto& append : appends) {
        if (is_reserved(append.stream.text())) {
            return Problem(404, "reserved", "Paths that begin with __ds are reserved.");
        }
        if (!may_append(request, append)) return forbidden();
        has_data = has_data || !append.messages.empty();
        // An existing stream needs no room to be found there.
        if (limits_growth && append.create_with && !service.store.head(append.stream)) ++created;
    }
    if (has_data && !service.has_room(Growth::data)) return no_room();
    if (created > 0 && !service.has_room(Growth::stream)) return no_room();
    if (!service.take(request, created, has_data ? request.body.size() : 0)) return over_quota();
    return std::nullopt;
}

Response appended_response(const std::vector<Appended>& appended) {
    Response response;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    auto& text = response.text;
    text = R"({"appended":[)";
    for (const auto& one : appended) {
        if (&one != appended.data()) text.push_back(',');
        text.append(R"({"first":")").append(offset_token(one.first));
        text.append(R"(","next":")").append(offset_token(one.next));
        text.append(R"(","first_position":)").append(std::to_string(one.first_position.value));
        text.append(R"(,"next_position":)").append(std::to_string(one.next_position.value));
        if (one.duplicate) text.append(R"(,"duplicate":true)");
        if (one.closed) text.append(R"(,"closed":true)");
        text.append(R"(,"producer_seq":)").append(std::to_string(one.producer_seq)).push_back('}');
    }
    text.append("]}");
    return response;
}

}  // namespace

Reply append_all(const Service& service, const Request& request) {
    if (auto problem = encoded_body(RequestHeaders(request))) return to_response(*problem);
    auto appends = parse_appends(request.body, service.options);
    if (!appends) return to_response(appends.error());
    for (auto& append : *appends) {
        if (append.producer) append.producer->id = scoped_producer(request, append.producer->id);
    }
    if (auto problem = refuse_any(service, request, *appends)) return to_response(*problem);
    return Pending{[&service, appends = std::move(*appends)](Respond respond) mutable {
        auto done = [service = service.shared_from_this(),
                     respond = std::move(respond)](Result<std::vector<Appended>> appended) {
            respond(service->finished(guarded(*service, [&] {
                return appended ? appended_response(*appended) : to_store_response(appended.error());
            })));
        };
        service.store.append_all(std::move(appends), std::move(done));
    }};
}

}  // namespace foldback::server::protocol
