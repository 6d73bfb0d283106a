#include "app/shop.hpp"

#include <chrono>
#include <utility>

#include "projections/audit_trail.hpp"
#include "projections/order_list.hpp"
#include "projections/revenue.hpp"
#include "projections/stock_levels.hpp"

namespace orders {
namespace {

/// How late a timeout may fire.
constexpr std::chrono::milliseconds timeout_interval{250};

/// How much older read models may be under load, for whoever does not say what they wait for. Larger batches touch each page
/// of a table less often: against the default an order costs a tenth less.
constexpr std::chrono::milliseconds read_model_interval{100};

}  // namespace

Shop::Shop(foldback::StreamStore& store, std::shared_ptr<foldback::Database> database, ShopOptions options)
    : store_(store),
      database_(std::move(database)),
      options_(std::move(options)),
      commands_(make_commands(store, *options_.clock, options_.reducer)),
      workflow_(store, database_, payment_options(*commands_, *options_.clock)),
      projections_(store, {.clock = options_.clock,
                           .background_threads = options_.background_threads,
                           .batch_interval = read_model_interval}) {
    projections_.add(order_list(options_.reducer), database_);
    projections_.add(revenue(), database_);
    projections_.add(stock_levels(), database_);
    projections_.add(audit_trail(), database_);
    workflow_.add_to(projections_);
}

Shop::~Shop() { stop(); }

void Shop::start() {
    projections_.start();
    const std::lock_guard lock(mutex_);
    stopping_ = false;
    timeouts_ = std::thread([this] { look_for_timeouts(); });
}

void Shop::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (timeouts_.joinable()) timeouts_.join();
    projections_.stop();
}

void Shop::look_for_timeouts() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        try {
            (void)workflow_.fire_due();
        } catch (const std::exception& error) {
            if (options_.on_error) options_.on_error(std::string("firing timeouts failed: ") + error.what());
        }
        lock.lock();
        changed_.wait_for(lock, timeout_interval, [this] { return stopping_; });
    }
}

}  // namespace orders
