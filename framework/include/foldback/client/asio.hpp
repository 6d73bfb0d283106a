#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <ranges>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "foldback/client/durable_stream.hpp"
#include "foldback/client/idempotent_producer.hpp"
#include "foldback/client/read_session.hpp"

/// The client for programs that are made of Boost.Asio: what blocks elsewhere, for any completion token. The only header of the
/// library that includes Asio.
///
///     const auto appended = co_await async_append(stream, event);
///
/// Every function says the same as its namesake that blocks, and throws and returns the same. It completes on the token's
/// executor, with a std::exception_ptr (which `use_awaitable` throws) and a Result. Its arguments are copied; a session or
/// producer must live until then. With g++ 12 give options a name before they go into a `co_await`: it destroys some
/// temporaries there twice. Cancelling the operation is a stop request: it ends as the outcome says, never without one.
namespace foldback::client {

namespace detail {

/// What an absent argument means. No temporary: g++ 12 destroys some of those twice inside a `co_await`.
template <class Options>
inline const Options absent{};

/// Begins an operation; `done` is called once, on the client's thread.
struct Start {
    template <class Value>
    using Done = std::function<void(std::exception_ptr, Result<Value>)>;

    static void create(DurableStream stream, CreateOptions options, Done<Created> done);
    static void head(DurableStream stream, CallOptions call, Done<Head> done);
    static void connect(DurableStream stream, CallOptions call, Done<Head> done);
    static void append(DurableStream stream, Parts parts, AppendOptions options, Done<Appended> done);
    static void append_from(DurableStream stream, Source source, AppendOptions options, Done<Appended> done);
    static void close(DurableStream stream, CallOptions call, Done<Appended> done);
    static void close_with(DurableStream stream, Parts parts, AppendOptions options, Done<Appended> done);
    static void remove(DurableStream stream, CallOptions call, Done<void> done);

    static void deliver(IdempotentProducer* producer, std::string message, Done<Appended> done);
    static void flush(IdempotentProducer* producer, CallOptions call, Done<void> done);
    static void detach(IdempotentProducer* producer, CallOptions call, Done<void> done);
    static void close_stream(IdempotentProducer* producer, CallOptions call, Done<Appended> done);
    static void close_stream_with(IdempotentProducer* producer, std::string final_message, CallOptions call,
                                  Done<Appended> done);
};

/// What reads a file. Throws std::filesystem::filesystem_error, at once or when it is asked.
[[nodiscard]] Source source_of(const std::filesystem::path& file);

/// A stop request that two may make: the caller's token and the token's cancellation slot.
class JoinedStop {
public:
    explicit JoinedStop(const std::stop_token& callers)
        : on_callers_(callers, [source = source_]() mutable { source.request_stop(); }) {}

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    void request_stop() { source_.request_stop(); }

private:
    std::stop_source source_{};
    std::stop_callback<std::function<void()>> on_callers_;
};

/// Runs `begin(call, done)`, and completes with what `done` is given.
template <class Value, class CompletionToken, class Begin>
auto async_call(CompletionToken&& token, CallOptions call, Begin begin) {
    namespace asio = boost::asio;
    const auto start = [](auto handler, CallOptions given, Begin work) {
        auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
            const auto stop = std::make_shared<JoinedStop>(given.stop);
            given.stop = stop->token();
            slot.assign([stop](asio::cancellation_type /*how*/) { stop->request_stop(); });
        }
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        work(std::move(given), [kept, executor](std::exception_ptr failure, Result<Value> outcome) {
            asio::post(executor, [kept, failure, outcome = std::move(outcome)]() mutable {
                asio::get_associated_cancellation_slot(*kept).clear();
                std::move (*kept)(std::move(failure), std::move(outcome));
            });
        });
    };
    return asio::async_initiate<CompletionToken, void(std::exception_ptr, Result<Value>)>(start, token, std::move(call),
                                                                                          std::move(begin));
}

/// The same for what begins with the call alone.
template <class Value, class CompletionToken, class Subject>
auto async_plain(CompletionToken&& token, Subject subject, CallOptions call,
                 void (*start)(Subject, CallOptions, Start::Done<Value>)) {
    return async_call<Value>(std::forward<CompletionToken>(token), std::move(call),
                             [subject = std::move(subject), start](CallOptions given, Start::Done<Value> done) {
                                 start(subject, std::move(given), std::move(done));
                             });
}

/// The same for what sends a body, with options that hold the call.
template <class CompletionToken, class Body>
auto async_post(CompletionToken&& token, const DurableStream& stream, Body body, AppendOptions options,
                void (*start)(DurableStream, Body, AppendOptions, Start::Done<Appended>)) {
    auto call = options.call;
    return async_call<Appended>(std::forward<CompletionToken>(token), std::move(call),
                                [stream, body = std::move(body), options = std::move(options), start](
                                    CallOptions given, Start::Done<Appended> done) mutable {
                                    options.call = std::move(given);
                                    start(stream, std::move(body), std::move(options), std::move(done));
                                });
}

template <class Message>
[[nodiscard]] std::string text_of(const Message& message) {
    if constexpr (JsonValue<Message>) {
        return to_json(message);
    } else {
        return std::string(message);
    }
}

}  // namespace detail

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_create(const DurableStream& stream, const CreateOptions& options = detail::absent<CreateOptions>,
                  CompletionToken&& token = CompletionToken()) {
    return detail::async_call<Created>(
        std::forward<CompletionToken>(token), options.call,
        [stream, wanted = options](CallOptions given, detail::Start::Done<Created> done) mutable {
            wanted.call = std::move(given);
            detail::Start::create(stream, std::move(wanted), std::move(done));
        });
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_head(const DurableStream& stream, const CallOptions& call = detail::absent<CallOptions>,
                CompletionToken&& token = CompletionToken()) {
    return detail::async_plain(std::forward<CompletionToken>(token), stream, call, &detail::Start::head);
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_connect(const DurableStream& stream, const CallOptions& call = detail::absent<CallOptions>,
                   CompletionToken&& token = CompletionToken()) {
    return detail::async_plain(std::forward<CompletionToken>(token), stream, call, &detail::Start::connect);
}

/// Appends a text, or a value as JSON.
template <class Message, class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_append(const DurableStream& stream, const Message& message,
                  const AppendOptions& options = detail::absent<AppendOptions>,
                  CompletionToken&& token = CompletionToken()) {
    return detail::async_post(std::forward<CompletionToken>(token), stream,
                              detail::Parts::of_one(detail::text_of(message)), options, &detail::Start::append);
}

template <std::ranges::input_range Messages, class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_append_batch(const DurableStream& stream, const Messages& messages,
                        const AppendOptions& options = detail::absent<AppendOptions>,
                        CompletionToken&& token = CompletionToken()) {
    return detail::async_post(std::forward<CompletionToken>(token), stream, detail::Parts::of(messages), options,
                              &detail::Start::append);
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_append_from(const DurableStream& stream, Source source,
                       const AppendOptions& options = detail::absent<AppendOptions>,
                       CompletionToken&& token = CompletionToken()) {
    return detail::async_post(std::forward<CompletionToken>(token), stream, std::move(source), options,
                              &detail::Start::append_from);
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_append_file(const DurableStream& stream, const std::filesystem::path& file,
                       const AppendOptions& options = detail::absent<AppendOptions>,
                       CompletionToken&& token = CompletionToken()) {
    return async_append_from(stream, detail::source_of(file), options, std::forward<CompletionToken>(token));
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_close(const DurableStream& stream, const CallOptions& call = detail::absent<CallOptions>,
                 CompletionToken&& token = CompletionToken()) {
    return detail::async_plain(std::forward<CompletionToken>(token), stream, call, &detail::Start::close);
}

/// Closes with a last message: a text, or a value as JSON.
template <class Message, class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_close_with(const DurableStream& stream, const Message& final_message,
                      const AppendOptions& options = detail::absent<AppendOptions>,
                      CompletionToken&& token = CompletionToken()) {
    return detail::async_post(std::forward<CompletionToken>(token), stream,
                              detail::Parts::of_one(detail::text_of(final_message)), options,
                              &detail::Start::close_with);
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_remove(const DurableStream& stream, const CallOptions& call = detail::absent<CallOptions>,
                  CompletionToken&& token = CompletionToken()) {
    return detail::async_plain(std::forward<CompletionToken>(token), stream, call, &detail::Start::remove);
}

/// Has a producer deliver a text, or a value as JSON: completes with the outcome of its batch, having waited for space
/// instead of blocking. Not cancelled: a message has an outcome. What was begun first is appended first.
template <class Message, class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_deliver(IdempotentProducer& producer, const Message& message, CompletionToken&& token = CompletionToken()) {
    return detail::async_call<Appended>(
        std::forward<CompletionToken>(token), {},
        [&producer, text = detail::text_of(message)](const CallOptions& /*call*/, detail::Start::Done<Appended> done) {
            detail::Start::deliver(&producer, text, std::move(done));
        });
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_flush(IdempotentProducer& producer, const CallOptions& call = detail::absent<CallOptions>,
                 CompletionToken&& token = CompletionToken()) {
    return detail::async_plain(std::forward<CompletionToken>(token), &producer, call, &detail::Start::flush);
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_detach(IdempotentProducer& producer, const CallOptions& call = detail::absent<CallOptions>,
                  CompletionToken&& token = CompletionToken()) {
    return detail::async_plain(std::forward<CompletionToken>(token), &producer, call, &detail::Start::detach);
}

template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_close_stream(IdempotentProducer& producer, const CallOptions& call = detail::absent<CallOptions>,
                        CompletionToken&& token = CompletionToken()) {
    return detail::async_plain(std::forward<CompletionToken>(token), &producer, call, &detail::Start::close_stream);
}

/// Closes with a last message: a text, or a value as JSON.
template <class Message, class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_close_stream_with(IdempotentProducer& producer, const Message& final_message,
                             const CallOptions& call = detail::absent<CallOptions>,
                             CompletionToken&& token = CompletionToken()) {
    return detail::async_call<Appended>(
        std::forward<CompletionToken>(token), call,
        [&producer, text = detail::text_of(final_message)](CallOptions given, detail::Start::Done<Appended> done) {
            detail::Start::close_stream_with(&producer, text, std::move(given), std::move(done));
        });
}

/// The next batch of a session. Completes with the ReadSession::Next alone; cancelling the operation cancels the session.
///
///     while (auto batch = (co_await async_next(session)).value()) …
template <class CompletionToken = boost::asio::use_awaitable_t<>>
auto async_next(ReadSession& session, CompletionToken&& token = CompletionToken()) {
    namespace asio = boost::asio;
    const auto start = [](auto handler, ReadSession* asked) {
        auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
            slot.assign([asked](asio::cancellation_type /*how*/) { asked->cancel(); });
        }
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        asked->next([kept, executor](ReadSession::Next next) {
            asio::post(executor, [kept, next = std::move(next)]() mutable {
                asio::get_associated_cancellation_slot(*kept).clear();
                std::move (*kept)(std::move(next));
            });
        });
    };
    return asio::async_initiate<CompletionToken, void(ReadSession::Next)>(start, token, &session);
}

}  // namespace foldback::client
