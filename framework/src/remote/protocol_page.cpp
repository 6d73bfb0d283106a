#include "remote/protocol_page.hpp"

#include <algorithm>
#include <memory>

#include "log/record.hpp"

namespace foldback::remote {
namespace {

/// What a page keeps alive.
struct Kept {
    Messages messages;
    std::string sizes;
};

void fill_with_bytes(ReadPage& page, Kept& kept, std::uint64_t skipped, const ReadRequest& request) {
    const auto rest = kept.messages.joined().substr(skipped);
    if (rest.empty() || request.max_messages == 0) return;
    const auto size = std::min(rest.size(), std::max<std::size_t>(request.max_bytes, 1));
    page.runs.push_back({.first = page.start.offset, .count = 1, .data = rest.substr(0, size)});
    page.next.offset.value += size;
}

void fill_with_json(ReadPage& page, Kept& kept, std::uint64_t skipped, const ReadRequest& request) {
    const auto sizes = kept.messages.sizes();
    auto data = kept.messages.joined();
    for (std::uint64_t i = 0; i != skipped; ++i) data.remove_prefix(std::min<std::size_t>(data.size(), sizes[i] + 1));
    Run run{.first = page.start.offset};
    std::size_t taken = 0;
    for (auto i = skipped; i != sizes.size() && run.count < request.max_messages; ++i) {
        const auto with_this = taken + sizes[i] + (run.count == 0 ? 0 : 1);
        if (run.count != 0 && with_this > request.max_bytes) break;
        taken = with_this;
        log::put_varint(sizes[i], kept.sizes);
        ++run.count;
    }
    if (run.count == 0) return;
    run.data = data.substr(0, taken);
    run.sizes = kept.sizes;
    page.runs.push_back(run);
    page.next.offset.value += run.count;
}

}  // namespace

void fill_page(ReadPage& page, const Messages& messages, std::uint64_t first, std::uint64_t from,
               const ReadRequest& request) {
    const auto kept = std::make_shared<Kept>(Kept{messages, {}});
    page.start = page.next = point_at(from);
    if (page.framing == Framing::json) {
        fill_with_json(page, *kept, from - first, request);
    } else {
        fill_with_bytes(page, *kept, from - first, request);
    }
    page.owners = {kept};
}

}  // namespace foldback::remote
