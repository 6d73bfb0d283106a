#include "http/mailbox.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace foldback::server;
using namespace foldback::server::http;

namespace {

struct Owner final : CallOwner {
    void called_back() noexcept override { ++calls; }
    int calls = 0;
};

struct Box {
    ~Box() { mailbox->close(); }

    int scheduled = 0;
    std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>([this] { ++scheduled; });
    Owner owner;
    [[nodiscard]] std::shared_ptr<Call> call() { return std::make_shared<Call>(mailbox, owner); }
};

Response with_status(unsigned status) {
    Response response;
    response.status = status;
    return response;
}

}  // namespace

TEST_CASE("a thread is woken once for all answers that come before it gets up") {
    Box box;
    std::vector<std::shared_ptr<Call>> calls;
    for (int i = 0; i < 100; ++i) {
        calls.push_back(box.call());
        CHECK(calls.back()->await());
    }

    for (const auto& call : calls) call->respond()(with_status(204));
    CHECK(box.scheduled == 1);
    CHECK(box.owner.calls == 0);
    box.mailbox->deliver();
    CHECK(box.owner.calls == 100);

    const auto late = box.call();
    CHECK(late->await());
    late->ring()();
    CHECK(box.scheduled == 2);
}

TEST_CASE("an answer that came before anybody waited wakes nobody") {
    Box box;
    const auto call = box.call();

    call->respond()(with_status(204));

    CHECK_FALSE(call->await());
    CHECK(call->take().status == 204);
    CHECK(box.scheduled == 0);
}

TEST_CASE("the first answer counts, and copies of the function are one promise to give it") {
    Box box;
    const auto call = box.call();
    auto respond = call->respond();
    auto copy = respond;

    respond = nullptr;
    CHECK(call->await());
    copy(with_status(201));
    copy(with_status(500));
    copy = nullptr;

    CHECK_FALSE(call->await());
    CHECK(call->take().status == 201);
}

TEST_CASE("a promise that nobody can keep any more is answered with a 500") {
    Box box;
    const auto call = box.call();

    { const auto forgotten = call->respond(); }

    CHECK_FALSE(call->await());
    CHECK(call->take().status == 500);
}

TEST_CASE("a call is rung again after it was rearmed") {
    Box box;
    const auto call = box.call();
    const auto ring = call->ring();

    for (int i = 1; i <= 3; ++i) {
        call->rearm();
        CHECK(call->await());
        ring();
        ring();
        box.mailbox->deliver();
        CHECK(box.owner.calls == i);
        CHECK_FALSE(call->await());
    }
}

TEST_CASE("nobody hears a call whose owner went, or whose mailbox is closed") {
    Box box;
    const auto abandoned = box.call();
    CHECK(abandoned->await());
    abandoned->ring()();
    abandoned->abandon();
    box.mailbox->deliver();
    CHECK(box.owner.calls == 0);

    const auto late = box.call();
    CHECK(late->await());
    box.mailbox->close();
    late->ring()();
    CHECK(box.scheduled == 1);
}

TEST_CASE("calls from several threads are all heard") {
    Box box;
    std::vector<std::shared_ptr<Call>> calls;
    for (int i = 0; i < 400; ++i) {
        calls.push_back(box.call());
        CHECK(calls.back()->await());
    }
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (std::size_t i = t; i < calls.size(); i += 4) calls[i]->respond()(with_status(204));
            });
        }
        while (box.owner.calls < 200) box.mailbox->deliver();
    }
    box.mailbox->deliver();

    CHECK(box.owner.calls == 400);
}
