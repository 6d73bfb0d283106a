#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/order_commands.hpp"
#include "app/payment_workflow.hpp"
#include "foldback/app/database.hpp"
#include "foldback/app/projection_runner.hpp"

namespace orders {

struct ShopOptions {
    const foldback::Clock* clock = &foldback::system_clock();  ///< must outlive the shop
    Reducer reducer = Reducer::sound;
    /// False: the shop starts no thread; its caller drives projections and timeouts.
    bool background_threads = true;
    /// Told, on a thread of the shop's, what an operator should know.
    std::function<void(const std::string&)> on_error{};
};

/// The whole application without HTTP: commands, read models, and the workflow that cancels what is not paid.
class Shop {
public:
    /// `store` must outlive the shop. Read models and checkpoints are in `database`. Starts nothing.
    Shop(foldback::StreamStore& store, std::shared_ptr<foldback::Database> database, ShopOptions options = {});
    ~Shop();
    Shop(const Shop&) = delete;
    Shop& operator=(const Shop&) = delete;

    /// Starts the threads of the projections and the one that looks for timeouts. Precondition: `background_threads`; without
    /// them the caller drives both, by `projections().run_until_caught_up()` and `workflow().fire_due()`.
    void start();
    /// Lets what is under way finish, and joins the threads.
    void stop();

    [[nodiscard]] foldback::StreamStore& store() noexcept { return store_; }
    [[nodiscard]] foldback::Database& database() noexcept { return *database_; }
    [[nodiscard]] OrderCommands& commands() noexcept { return *commands_; }
    [[nodiscard]] foldback::ProjectionRunner& projections() noexcept { return projections_; }
    [[nodiscard]] const foldback::ProjectionRunner& projections() const noexcept { return projections_; }
    [[nodiscard]] PaymentWorkflow& workflow() noexcept { return workflow_; }
    [[nodiscard]] const ShopOptions& options() const noexcept { return options_; }

private:
    void look_for_timeouts();

    foldback::StreamStore& store_;
    std::shared_ptr<foldback::Database> database_;
    ShopOptions options_;
    std::unique_ptr<OrderCommands> commands_;
    PaymentWorkflow workflow_;
    foldback::ProjectionRunner projections_;  // after what its projections refer to
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread timeouts_;
};

}  // namespace orders
