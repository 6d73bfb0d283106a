#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "domain/order_with_stock.hpp"
#include "foldback/app/outcome.hpp"
#include "foldback/app/transact_options.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

namespace orders {

inline constexpr const char* order_category = "orders";
inline constexpr const char* stock_category = "stock";

/// Which reducer orders are folded with.
enum class Reducer : std::uint8_t { sound, faulty };

/// What became of a command.
struct Answer {
    foldback::CommandOutcome outcome;
    std::vector<std::string> events;         ///< names of the events of the aggregate that was addressed
    std::optional<foldback::Offset> offset;  ///< of that aggregate after them; absent when nothing was appended
};

/// Who wants a command, and its id: of all commands with one id only the first is carried out, and all get its answer.
struct Caller {
    std::string command_id;
    std::string actor;
    /// The id of the event that led to the command; empty when people did.
    std::string causation;
    std::string traceparent{};  ///< of the request
};

/// A command id was used before, for another command.
class CommandIdReused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The commands of the shop, carried out on the store. Each loads what it is about, asks the domain and appends what it
/// decides, on several streams in one commit where stock is concerned. Any thread; a call waits for the disk.
///
/// All throw CommandIdReused, and as foldback::Repository::transact does. Those about an existing order return nothing,
/// and remember nothing, when there is no such order.
class OrderCommands {
public:
    virtual ~OrderCommands() = default;

    virtual Answer receive(const std::string& sku, const ReceiveStock& command, const Caller& caller) = 0;
    virtual Answer carry_out(const std::string& id, const PlaceOrder& command, const Caller& caller) = 0;
    virtual std::optional<Answer> carry_out(const std::string& id, const GrantDiscount& command,
                                            const Caller& caller) = 0;
    virtual std::optional<Answer> carry_out(const std::string& id, const PayOrder& command, const Caller& caller) = 0;
    virtual std::optional<Answer> carry_out(const std::string& id, const ShipOrder& command, const Caller& caller) = 0;
    virtual std::optional<Answer> carry_out(const std::string& id, const ConfirmDelivery& command,
                                            const Caller& caller) = 0;
    virtual std::optional<Answer> carry_out(const std::string& id, const CancelOrder& command,
                                            const Caller& caller) = 0;
    virtual std::optional<Answer> carry_out(const std::string& id, const CancelUnpaidOrder& command,
                                            const Caller& caller) = 0;
    virtual std::optional<Answer> carry_out(const std::string& id, const RefundOrder& command,
                                            const Caller& caller) = 0;
};

/// `store` and `clock` must outlive the commands.
[[nodiscard]] std::unique_ptr<OrderCommands> make_commands(foldback::StreamStore& store, const foldback::Clock& clock,
                                                           Reducer reducer);

}  // namespace orders
