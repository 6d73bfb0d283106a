#include "program/history.hpp"

#include <utility>

#include "app/order_commands.hpp"

namespace orders::cli {
namespace {

using foldback::Timestamp;

constexpr std::int64_t usual_delivery = 400;

/// An event that no program writes any more, as the one of its time wrote it.
template <class Old>
std::string old_envelope(unsigned version, const Old& data, Timestamp at, const std::string& id) {
    std::string text = R"({"type":"OrderPlaced","version":)" + std::to_string(version) + R"(,"id":")" + id +
                       R"(","timestamp":)" + std::to_string(at.time_since_epoch().count()) + R"(,"data":)";
    return text + foldback::to_json(data) + "}";
}

OrderPlacedV1 as_version_1(const OrderPlaced& placed) {
    const auto& line = placed.lines.front();
    return {placed.customer, line.sku, line.quantity, line.unit_price.units()};
}

OrderPlacedV2 as_version_2(const OrderPlaced& placed) {
    OrderPlacedV2 old{.customer = placed.customer, .lines = {}};
    for (const auto& line : placed.lines) old.lines.push_back({line.sku, line.quantity, line.unit_price});
    return old;
}

}  // namespace

std::uint64_t Dice::next() {
    // xorshift64*
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return state_ * 0x2545F4914F6CDD1DU >> 11U;
}

std::string HistoryWriter::new_id() { return "h-" + std::to_string(ids_.next()); }

void HistoryWriter::keep_text(const std::string& stream, std::string text) {
    pending_[stream].push_back(std::move(text));
    ++kept_;
}

template <class Event>
std::string HistoryWriter::keep(Timestamp at, const std::string& stream, const Event& event,
                                const foldback::Metadata& metadata) {
    auto id = new_id();
    keep_text(stream, foldback::to_envelope(event, {.id = id, .timestamp = at, .metadata = &metadata}));
    return id;
}

Shelves HistoryWriter::shelves_of(const std::vector<std::string>& skus) {
    Shelves shelves;
    for (const auto& sku : skus) shelves.push_back({sku, &stock_[sku]});
    return shelves;
}

void HistoryWriter::receive(Timestamp at, const std::string& sku, std::int64_t quantity) {
    const StockReceived received{quantity};
    stock_[sku].apply(received);
    const auto stream = std::string(stock_category) + "/" + sku;
    keep(at, stream, StockEvent(received), {.correlation = stream, .actor = "warehouse"});
}

void HistoryWriter::place(Timestamp at, const std::string& id, const PlaceOrder& command, unsigned version) {
    const auto skus = articles_of(command.lines);
    for (const auto& line : command.lines) {
        if (stock_[line.sku].available() < line.quantity) receive(at, line.sku, usual_delivery + line.quantity);
    }
    record(at, id, skus, decide(orders_[id], shelves_of(skus), id, command), version, "web shop");
}

template <class Command>
void HistoryWriter::carry_out(Timestamp at, const std::string& id, const Command& command, const char* actor) {
    const auto& state = orders_[id];
    if constexpr (requires(const Shelves& shelves) { decide(state, shelves, id, command); }) {
        const auto skus = articles_of(state.lines);
        record(at, id, skus, decide(state, shelves_of(skus), id, command), 3, actor);
    } else {
        const OrderDecision decision = decide(state, command);
        if (!decision.is_rejected()) record(at, id, {}, {decision.events(), {}}, 3, actor);
    }
}

template void HistoryWriter::carry_out(Timestamp, const std::string&, const GrantDiscount&, const char*);
template void HistoryWriter::carry_out(Timestamp, const std::string&, const PayOrder&, const char*);
template void HistoryWriter::carry_out(Timestamp, const std::string&, const ShipOrder&, const char*);
template void HistoryWriter::carry_out(Timestamp, const std::string&, const ConfirmDelivery&, const char*);
template void HistoryWriter::carry_out(Timestamp, const std::string&, const CancelOrder&, const char*);
template void HistoryWriter::carry_out(Timestamp, const std::string&, const CancelUnpaidOrder&, const char*);
template void HistoryWriter::carry_out(Timestamp, const std::string&, const RefundOrder&, const char*);

void HistoryWriter::record(Timestamp at, const std::string& id, const std::vector<std::string>& skus,
                           const OrderWithStock& decision, unsigned placed_version, const char* actor) {
    const auto stream = std::string(order_category) + "/" + id;
    auto& order = orders_[id];
    std::string cause;
    for (const auto& event : decision.one()) {
        const auto* placed = std::get_if<OrderPlaced>(&event.variant());
        if (placed == nullptr || placed_version == 3) {
            std::visit([&](const auto& one) { order.apply(one); }, event.variant());
            cause = keep(at, stream, event, {.correlation = stream, .actor = actor});
        } else if (placed_version == 2) {
            const auto old = as_version_2(*placed);
            order.apply(upcast(old));
            keep_text(stream, old_envelope(2, old, at, cause = new_id()));
        } else {
            const auto old = as_version_1(*placed);
            order.apply(upcast(upcast(old)));
            keep_text(stream, old_envelope(1, old, at, cause = new_id()));
        }
    }
    for (std::size_t i = 0; i < decision.each().size(); ++i) {
        for (const auto& event : decision.each()[i]) {
            std::visit([&](const auto& one) { stock_[skus[i]].apply(one); }, event.variant());
            keep(at, std::string(stock_category) + "/" + skus[i], event,
                 {.correlation = stream, .causation = cause, .actor = actor});
        }
    }
}

void HistoryWriter::flush() {
    std::vector<foldback::AppendRequest> requests;
    for (const auto& [stream, texts] : pending_) {
        requests.push_back({.stream = stream,
                            .messages = foldback::Messages::trusted_json(std::span<const std::string>(texts)),
                            .content_type = "application/json",
                            .create_with = foldback::StreamConfig{.content_type = "application/json"}});
    }
    if (requests.empty()) return;
    (void)store_.append_all(std::move(requests)).value();
    written_ += std::exchange(kept_, 0);
    pending_.clear();
}

}  // namespace orders::cli
