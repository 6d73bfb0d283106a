#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "unit/app/forwarding_store.hpp"

namespace foldback::app_tests {

/// Counts what is read of the store behind it, and lets others act between two calls. For one thread.
class CountingStore final : public ForwardingStore {
public:
    using ForwardingStore::ForwardingStore;

    using StreamStore::append;
    using StreamStore::append_all;

    void append(AppendRequest request, Completion<Appended> done) override {
        done(behind().append(std::move(request)));
    }
    void append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) override {
        done(behind().append_all(std::move(requests)));
    }
    [[nodiscard]] Result<ReadPage> read(const ReadRequest& request) override {
        ++reads;
        auto page = behind().read(request);
        if (page) messages += page->next.offset.value - page->start.offset.value;
        return page;
    }
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& stream) override {
        auto info = behind().head(stream);
        if (const auto then = std::exchange(after_head, nullptr)) then();
        return info;
    }

    std::uint64_t reads = 0;
    std::uint64_t messages = 0;
    std::function<void()> after_head;  ///< called once, between a look at a stream and the read that follows
};

}  // namespace foldback::app_tests
