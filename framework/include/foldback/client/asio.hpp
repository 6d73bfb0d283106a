#pragma once

#include <memory>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "foldback/client/read_session.hpp"

/// Read sessions for programs that are made of Boost.Asio. The only header of the library that includes Asio.
namespace foldback::client {

/// The next batch, for any completion token:
///
///     while (auto batch = (co_await async_next(session)).value()) …
///
/// Completes on the token's executor; see ReadSession::next for the outcome. The session must live until then. Cancelling the
/// operation cancels the session.
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
