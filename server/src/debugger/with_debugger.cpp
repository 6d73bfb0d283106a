#include <utility>

#include "debugger/page.hpp"
#include "foldback/server/debugger.hpp"
#include "protocol/problem.hpp"
#include "protocol/read_pool.hpp"

namespace foldback::server {

namespace {

/// An answer that is worked out on a thread of the pool.
class DebuggerReply final : public Later {
public:
    DebuggerReply(Debugger& debugger, protocol::ReadPool& pool, Request request)
        : debugger_(debugger), pool_(pool), work_(std::make_shared<Work>(Work{std::move(request), {}})) {}

    void start(std::function<void()> done) override {
        // The work outlives this object when its client goes.
        auto task = [&debugger = debugger_, work = work_, done] {
            work->response = debugger.handle(work->request);
            done();
        };
        if (pool_.run(work_->request.target, std::move(task))) return;
        work_->response = problem(503, "busy", "Too many questions to the debugger are waiting.");
        done();
    }

    Reply take() override { return std::move(work_->response); }

private:
    struct Work {
        Request request;
        Response response;  ///< published by `done`
    };

    Debugger& debugger_;
    protocol::ReadPool& pool_;
    std::shared_ptr<Work> work_;
};

class DebuggerHandler final : public RequestHandler {
public:
    DebuggerHandler(Debugger& debugger, RequestHandler& rest) : debugger_(debugger), rest_(rest) {}

    Reply handle(Request request) override {
        if (!Debugger::owns(request.target)) return rest_.handle(std::move(request));
        return std::unique_ptr<Later>(std::make_unique<DebuggerReply>(debugger_, pool_, std::move(request)));
    }

    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        if (!Debugger::owns(target)) return rest_.refuse_early(method, target, body_bytes);
        constexpr std::uint64_t max_body_bytes = 1 << 20;
        if (body_bytes <= max_body_bytes) return std::nullopt;
        return problem(413, "too-large", "The debugger takes bodies of 1 MiB.");
    }

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        if (!Debugger::owns(head.target)) return rest_.admit(head, body_bytes);
        return RequestHandler::admit(head, body_bytes);
    }

private:
    Debugger& debugger_;
    RequestHandler& rest_;
    // Last: its threads end before what they use.
    protocol::ReadPool pool_{{.threads = 2, .queued = 64}};
};

class PageHandler final : public RequestHandler {
public:
    explicit PageHandler(RequestHandler& rest) : rest_(rest) {}

    Reply handle(Request request) override {
        if (!is_of_page(request)) return rest_.handle(std::move(request));
        auto response = debugger::page_response(path_of(request), request);
        debugger::finish_response(response, request);
        return response;
    }

    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return rest_.refuse_early(method, target, body_bytes);
    }

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        return is_of_page(head) && !body_bytes ? std::nullopt : rest_.admit(head, body_bytes);
    }

private:
    static std::string_view path_of(const Request& request) {
        return std::string_view(request.target).substr(0, request.target.find('?'));
    }
    static bool is_of_page(const Request& request) {
        const bool reads = request.method == Method::get || request.method == Method::head;
        return reads && debugger::is_of_page(path_of(request));
    }

    RequestHandler& rest_;
};

/// The protocol as what comes after the debugger.
class BeforeApi final : public RequestHandler {
public:
    BeforeApi(Debugger& debugger, Api& api) : api_(handler_of(api)), handler_(debugger, *api_) {}

    Reply handle(Request request) override { return handler_.handle(std::move(request)); }
    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return handler_.refuse_early(method, target, body_bytes);
    }
    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        return handler_.admit(head, body_bytes);
    }

private:
    std::unique_ptr<RequestHandler> api_;
    DebuggerHandler handler_;
};

}  // namespace

std::unique_ptr<RequestHandler> with_debugger(Debugger& debugger, RequestHandler& rest) {
    return std::make_unique<DebuggerHandler>(debugger, rest);
}

std::unique_ptr<RequestHandler> with_debugger(Debugger& debugger, Api& rest) {
    return std::make_unique<BeforeApi>(debugger, rest);
}

std::unique_ptr<RequestHandler> with_debugger_page(RequestHandler& rest) { return std::make_unique<PageHandler>(rest); }

}  // namespace foldback::server
