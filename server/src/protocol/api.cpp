#include "foldback/server/api.hpp"

#include <mutex>
#include <utility>

#include "protocol/authorise.hpp"
#include "protocol/operations.hpp"
#include "protocol/read_pool.hpp"
#include "protocol/refusal_response.hpp"
#include "protocol/route.hpp"
#include "protocol/when_read.hpp"

namespace foldback::server {

namespace {

using protocol::Problem;
using protocol::Route;

/// What a request is for, or why it is refused whatever it carries.
struct Addressed {
    Route route;
    protocol::Query query;
};

Response method_refused(const Route& route) {
    auto response = protocol::to_response(Problem(405, "method-not-allowed", "The method is not allowed here."));
    response.set("allow", std::string(route.methods));
    return response;
}

}  // namespace

struct Api::State {
    /// Who is told of failures, as long as it is there.
    struct Reporter {
        std::mutex mutex;
        Api* api = nullptr;
    };

    const std::shared_ptr<Reporter> reporter;
    const std::shared_ptr<const protocol::Service> shared_service;
    const protocol::Service& service = *shared_service;

    /// Whether it was just counted what the sender has.
    enum class Counted : bool { no, yes };

    /// GET and HEAD leave the request as it was.
    [[nodiscard]] Reply answer(Request& request, Counted counted = Counted::no) const;
    [[nodiscard]] bool needs_counting(const Request& request, const Route& route) const;
    [[nodiscard]] Reply count_first(Request request) const;
    [[nodiscard]] Reply read(Request request) const;
    [[nodiscard]] std::string read_key(const Request& request) const;
    [[nodiscard]] Reply answer_stream(Request& request, const protocol::Query& query, StreamPath stream) const;
    [[nodiscard]] Reply answer_feed(const Request& request, const protocol::Query& query) const;
    [[nodiscard]] Reply answer_reserved(const Request& request, const std::string& path) const;
    [[nodiscard]] boost::system::result<Addressed, Response> address(Method method, std::string_view target,
                                                                     std::uint64_t body_bytes) const;
};

boost::system::result<Addressed, Response> Api::State::address(Method method, std::string_view target_text,
                                                               std::uint64_t body_bytes) const {
    const auto refuse = [](const Problem& problem) { return protocol::to_response(problem); };
    auto target = protocol::parse_target(target_text);
    if (!target) return refuse(target.error());
    auto route = protocol::find_route(target->path, service.options.stream_prefix, service.reserved);
    if (!route) return refuse(route.error());
    if (!route->allows(method)) return method_refused(*route);
    if (body_bytes > service.options.max_body_bytes) {
        return refuse(Problem(413, "too-large",
                              "The body exceeds " + std::to_string(service.options.max_body_bytes) + " bytes."));
    }
    return Addressed{std::move(*route), std::move(target->query)};
}

Reply Api::State::answer(Request& request, Counted counted) const {
    auto addressed = address(request.method, request.target, request.body.size());
    if (!addressed) return std::move(addressed).error();
    auto& [route, query] = *addressed;
    if (request.method == Method::options) return protocol::preflight(route.methods, service.options.cors_origin);
    if (const auto problem = protocol::refuse_sender(service, request, route)) {
        return protocol::to_response(*problem);
    }
    if (counted == Counted::no && needs_counting(request, route)) return count_first(std::move(request));
    switch (route.kind) {
        case Route::Kind::stream: return answer_stream(request, query, std::move(*route.stream));
        case Route::Kind::feed: return answer_feed(request, query);
        case Route::Kind::list: return protocol::list(service, request, query);
        case Route::Kind::append: return protocol::append_all(service, request);
        case Route::Kind::reserved: return answer_reserved(request, route.reserved);
    }
    return method_refused(route);
}

/// Whether it has to be counted what its sender has before this can be decided.
bool Api::State::needs_counting(const Request& request, const Route& route) const {
    if (service.options.quotas == nullptr || !request.principal) return false;
    const bool may_create = request.method == Method::put || route.kind == Route::Kind::append;
    const bool writes = may_create || (request.method == Method::post && route.kind == Route::Kind::stream);
    if (!writes || route.kind == Route::Kind::reserved) return false;
    return !service.options.quotas->knows(*request.principal, may_create ? 1 : 0, request.body.size());
}

/// Counting reads the index, and may take so long that it would have to be done again: it is decided on what it found.
/// Others of the same principal may count beside it: that is rare, and harmless.
Reply Api::State::count_first(Request request) const {
    auto shared = std::make_shared<Request>(std::move(request));
    return protocol::read_later(service, "/quota", [this, shared] {
        service.options.quotas->count(*shared->principal);
        return answer(*shared, Counted::yes);
    });
}

Reply Api::State::answer_stream(Request& request, const protocol::Query& query, StreamPath stream) const {
    switch (request.method) {
        case Method::get: return protocol::read(service, request, std::move(stream), query);
        case Method::head: return protocol::head(service, stream);
        case Method::put: return protocol::create(service, std::move(request), std::move(stream));
        case Method::post:
            if (request.header("stream-truncate-before") != nullptr) {
                return protocol::truncate(service, request, std::move(stream));
            }
            return protocol::append(service, std::move(request), std::move(stream));
        case Method::remove: return protocol::remove(service, request, std::move(stream));
        case Method::options:
        case Method::other: break;
    }
    return method_refused({});
}

Reply Api::State::answer_feed(const Request& request, const protocol::Query& query) const {
    if (!service.store.capabilities().has(Capability::store_order))
        return protocol::to_response(Refused{.reason = Refusal::across_partitions});
    if (request.method == Method::head) return protocol::head_feed(service);
    return protocol::read_feed(service, request, query);
}

Reply Api::State::answer_reserved(const Request& request, const std::string& path) const {
    auto reply = service.reserved->handle(request, path);
    if (auto* pending = std::get_if<Pending>(&reply)) {
        auto start = [shared = shared_service, start = std::move(pending->start)](const Respond& respond) {
            start([shared, respond](Response response) { respond(shared->finished(std::move(response))); });
        };
        return Pending{std::move(start)};
    }
    return reply;
}

/// What reads share that wait for the same data: as LiveSource::name.
std::string Api::State::read_key(const Request& request) const {
    const auto addressed = address(request.method, request.target, 0);
    return addressed && addressed->route.stream ? addressed->route.stream->text() : "/feed";
}

/// As `when_read`, without a cost for what is in memory.
Reply Api::State::read(Request request) const {
    const auto drop_body_of_head = [](Method method, Reply reply) {
        auto* response = std::get_if<Response>(&reply);
        if (response != nullptr && method == Method::head) response->text.clear();
        return reply;
    };
    try {
        const ReadMode mode(ReadMode::memory_only);
        return drop_body_of_head(request.method, answer(request));
    } catch (const NotInMemory&) {
        auto key = read_key(request);
        auto shared = std::make_shared<Request>(std::move(request));
        return protocol::read_later(service, std::move(key), [this, shared, drop_body_of_head] {
            return drop_body_of_head(shared->method, answer(*shared));
        });
    }
}

Api::Api(StreamStore& store, ApiOptions options, const Clock& clock, ReservedApi* reserved) {
    auto waiters = std::make_shared<protocol::Waiters>(options.max_waiters, options.max_waiters_per_stream);
    auto reads = std::make_unique<protocol::ReadPool>(
        protocol::ReadPool::Limits{.threads = options.read_threads, .queued = options.max_queued_reads});
    auto reporter = std::make_shared<State::Reporter>();
    reporter->api = this;
    auto report = [reporter](const std::string& what) {
        const std::lock_guard lock(reporter->mutex);
        if (reporter->api != nullptr && reporter->api->on_error) reporter->api->on_error(what);
    };
    std::shared_ptr<const protocol::Service> service(new protocol::Service{.store = store,
                                                                           .options = std::move(options),
                                                                           .clock = clock,
                                                                           .reserved = reserved,
                                                                           .waiters = std::move(waiters),
                                                                           .report = std::move(report),
                                                                           .reads = std::move(reads)});
    state_.reset(new State{.reporter = std::move(reporter), .shared_service = std::move(service)});
}

/// The store may call back later.
Api::~Api() {
    state_->service.reads->stop();
    const std::lock_guard lock(state_->reporter->mutex);
    state_->reporter->api = nullptr;
}

Reply Api::handle(Request request) {
    const auto& service = state_->service;
    const bool has_body = request.method != Method::head;
    const bool only_reads = request.method == Method::get || request.method == Method::head;
    Reply reply;
    try {
        reply = only_reads ? state_->read(std::move(request)) : state_->answer(request);
    } catch (const std::exception& error) {
        reply = protocol::internal_error(service, error.what());
    }
    if (auto* response = std::get_if<Response>(&reply)) {
        protocol::add_common_headers(*response, service.options.cors_origin);
        if (!has_body) response->text.clear();
    }
    return reply;
}

std::optional<Response> Api::refuse_early(Method method, std::string_view target, std::uint64_t body_bytes) const {
    auto addressed = state_->address(method, target, body_bytes);
    if (addressed) return std::nullopt;
    return state_->service.finished(std::move(addressed).error());
}

std::optional<Response> Api::admit(const Request& head, std::optional<std::uint64_t> body_bytes) const {
    if (!body_bytes) return std::nullopt;  // `handle` comes next
    auto addressed = state_->address(head.method, head.target, *body_bytes);
    if (!addressed) return state_->service.finished(std::move(addressed).error());
    const auto problem = protocol::refuse_sender(state_->service, head, addressed->route);
    if (!problem) return std::nullopt;
    return state_->service.finished(protocol::to_response(*problem));
}

const ApiOptions& Api::options() const noexcept { return state_->service.options; }

}  // namespace foldback::server
