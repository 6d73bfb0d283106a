#include <algorithm>

#include "api/routes.hpp"
#include "api/schema.hpp"
#include "foldback/core/codec.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/trace_context.hpp"

namespace orders::api {
namespace {

constexpr std::size_t longest_id = 64;
constexpr std::size_t longest_key = 200;
constexpr std::size_t most_lines_looked_at = 1'000;

/// What a command that was carried out is answered with.
struct CommandDone {
    std::string stream;
    std::optional<std::uint64_t> offset;    ///< the stream's, after the events
    std::optional<std::uint64_t> position;  ///< the store's: `at_least` for reading what was written
    std::vector<std::string> events;
};
BOOST_DESCRIBE_STRUCT(CommandDone, (), (stream, offset, position, events))

/// Ids are what a person can type and what needs no encoding in an address.
void require_id(const std::string& id, const char* what) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    };
    const bool only_dots = id.find_first_not_of('.') == std::string::npos;
    if (!id.empty() && id.size() <= longest_id && std::all_of(id.begin(), id.end(), is_plain) && !only_dots) return;
    throw BadCall(400, "bad-id",
                  std::string(what) + " has 1 to " + std::to_string(longest_id) +
                      " letters, digits, '-', '_' and '.', and not only dots");
}

/// Whoever wants a command; events and the audit trail say it. Throws BadCall.
std::string actor_of(const Call& call) {
    std::string actor(call.header("x-actor").value_or("anonymous"));
    try {
        (void)foldback::to_json(actor);
    } catch (const std::invalid_argument&) {
        throw BadCall(400, "bad-header", "the header x-actor is no UTF-8 text");
    }
    return actor;
}

Caller caller_of(const Call& call) {
    auto key = call.header("idempotency-key");
    if (!key) {
        throw BadCall(400, "idempotency-key-missing",
                      "a command needs the header Idempotency-Key: any text that is new for each command, such as a "
                      "UUID; the same again with the same command yields the first answer");
    }
    // RFC 8941 strings are quoted; most clients send the bare text.
    if (key->size() >= 2 && key->front() == '"' && key->back() == '"') *key = key->substr(1, key->size() - 2);
    const auto is_visible = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (key->empty() || key->size() > longest_key || !std::all_of(key->begin(), key->end(), is_visible)) {
        throw BadCall(400, "bad-idempotency-key",
                      "the Idempotency-Key has 1 to " + std::to_string(longest_key) + " visible ASCII characters");
    }
    // One space of ids with the workflow's commands, which begin differently.
    auto trace = call.header("traceparent").value_or("");
    if (!foldback::server::parse_traceparent(trace)) trace = {};
    return {.command_id = "http:" + std::string(*key),
            .actor = actor_of(call),
            .causation = {},
            .traceparent = std::string(trace)};
}

template <class Command>
Command command_of(const Call& call) {
    const auto type = call.header("content-type").value_or("application/json");
    if (type.substr(0, type.find(';')) != "application/json") {
        throw BadCall(415, "content-type", "a command is sent as application/json, not as " + std::string(type));
    }
    try {
        return foldback::from_json<Command>(call.request.body);
    } catch (const foldback::JsonError& error) {
        throw BadCall(
            400, "bad-body",
            std::string("the body is no such command: ") + error.what() + " (byte " + std::to_string(error.byte) + ")");
    }
}

Response response_of(const Answer& answer, const std::string& stream, unsigned status_if_new) {
    if (answer.outcome.is_conflict()) {
        const auto& conflict = answer.outcome.conflict();
        auto response = foldback::server::problem(409, "conflict",
                                                  "others changed " + conflict.stream.text() + " each of " +
                                                      std::to_string(conflict.attempts) +
                                                      " times; nothing happened, and the command may be sent again");
        response.set("retry-after", "1");
        return response;
    }
    auto response = [&] {
        if (answer.outcome.is_rejected()) {
            const auto& rejection = answer.outcome.rejection();
            return foldback::server::problem(422, rejection.code, rejection.text);
        }
        CommandDone done{.stream = stream, .offset = {}, .position = {}, .events = answer.events};
        if (answer.offset) done.offset = answer.offset->value;
        if (answer.outcome.is_appended()) done.position = answer.outcome.position().value;
        auto made = json_response(foldback::to_json(done), answer.outcome.is_appended() ? status_if_new : 200);
        if (answer.offset) made.set("etag", "\"" + std::to_string(answer.offset->value) + "\"");
        return made;
    }();
    if (answer.outcome.is_duplicate()) response.set("idempotent-replayed", "true");
    return response;
}

/// Articles are streams of their own: their numbers are checked before anything is looked up.
void check(const PlaceOrder& command) {
    if (command.lines.size() > most_lines_looked_at) throw BadCall(400, "bad-body", "the order has too many lines");
    for (const auto& line : command.lines) require_id(line.sku, "an article's number (/lines/…/sku)");
}
template <class Command>
void check(const Command&) {}

template <class Command>
Route order_route(Shop& shop, std::string_view pattern, std::string_view about, unsigned status_if_new = 200) {
    Route route{.method = Method::post, .pattern = pattern, .about = about};
    route.body_schema = schema_of<Command>();
    route.answer_schema = schema_of<CommandDone>();
    route.answer = [&shop, status_if_new](const Call& call) {
        const auto& id = call.path.at(0);
        require_id(id, "an order's number");
        const auto caller = caller_of(call);
        const auto command = command_of<Command>(call);
        check(command);
        const std::optional<Answer> answer = shop.commands().carry_out(id, command, caller);
        if (!answer) throw BadCall(404, "order-not-found", "there is no order " + id);
        auto response = response_of(*answer, std::string(order_category) + "/" + id, status_if_new);
        if (response.status == 201) response.set("location", "/api/orders/" + id);
        return response;
    };
    return route;
}

Route receive_route(Shop& shop) {
    Route route{.method = Method::post,
                .pattern = "/api/stock/{sku}/receive",
                .about = "Put pieces of an article on the shelf"};
    route.body_schema = schema_of<ReceiveStock>();
    route.answer_schema = schema_of<CommandDone>();
    route.answer = [&shop](const Call& call) {
        const auto& sku = call.path.at(0);
        require_id(sku, "an article's number");
        const auto caller = caller_of(call);
        const auto answer = shop.commands().receive(sku, command_of<ReceiveStock>(call), caller);
        return response_of(answer, std::string(stock_category) + "/" + sku, 200);
    };
    return route;
}

}  // namespace

void add_command_routes(std::vector<Route>& routes, Shop& shop) {
    routes.push_back(order_route<PlaceOrder>(shop, "/api/orders/{id}/place",
                                             "Place an order and reserve its stock, or neither", 201));
    routes.push_back(order_route<GrantDiscount>(shop, "/api/orders/{id}/discount", "Take something off the total"));
    routes.push_back(order_route<PayOrder>(shop, "/api/orders/{id}/pay", "Pay the total"));
    routes.push_back(
        order_route<ShipOrder>(shop, "/api/orders/{id}/ship", "Send a parcel: some items, or all that are left"));
    routes.push_back(order_route<ConfirmDelivery>(shop, "/api/orders/{id}/deliver", "A parcel arrived"));
    routes.push_back(order_route<CancelOrder>(shop, "/api/orders/{id}/cancel",
                                              "Cancel an order that is not on its way; what was paid goes back"));
    routes.push_back(order_route<RefundOrder>(shop, "/api/orders/{id}/refund", "Give back a part of what was paid"));
    routes.push_back(receive_route(shop));
}

}  // namespace orders::api
