#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "../projection/projection_fixture.hpp"
#include "fulfilment.hpp"

/// What the tests of workflows share.
namespace foldback::workflow_tests {

using contract::Strings;
using projection_tests::in_every_world;
using projection_tests::World;

/// A workflow in a world, and what it dispatched.
class Shop {
public:
    explicit Shop(World& in) : world(in) { open(); }

    /// Begins anew with what is stored, as after a crash.
    void open() {
        runner.reset();
        workflow.reset();
        auto options = fulfilment_options();
        options.clock = &world.clock;
        options.route = [this](const Recorded<OrderEvent>& recorded) {
            if (unroutable.contains(std::string(recorded.stream))) throw std::runtime_error("no way to tell");
            if (const auto then = before_route.extract(std::string(recorded.stream))) then.mapped()();
            return route(recorded);
        };
        options.on_poison = on_poison;
        options.dispatch = [this](const FulfilmentCommand& command, const Dispatch& dispatch) {
            if (dispatch_fails) throw std::runtime_error("not delivered");
            dispatched.push_back(std::string(command.name()) + " " + dispatch.workflow);
            ids.push_back(dispatch.command_id);
            last = dispatch;
        };
        workflow = std::make_unique<FulfilmentWorkflow>(*world.store, world.database, options);
        runner = std::make_unique<ProjectionRunner>(*world.store, world.options());
        workflow->add_to(*runner);
    }
    void run() { runner->run_until_caught_up(); }
    void use_up_retries() {
        for (int i = 0; i < 10; ++i) {
            run();
            world.clock.advance(std::chrono::minutes{1});
        }
    }
    void placed(const std::string& id) {
        world.append("orders/" + id,
                     R"({"type":"OrderPlaced","version":1,"id":"p-)" + id + R"(","data":{"customer":"ann"}})");
    }
    void paid(const std::string& id) {
        world.append("orders/" + id, R"({"type":"OrderPaid","version":1,"data":{"amount":3}})");
    }
    [[nodiscard]] std::size_t recorded(const std::string& id) const {
        return contract::all_messages(*world.store, "fulfilments/" + id).size();
    }

    World& world;
    Strings dispatched;
    Strings ids;
    Dispatch last;
    bool dispatch_fails = false;
    OnPoison on_poison = OnPoison::park;
    std::set<std::string> unroutable;  ///< streams whose inputs cannot be routed
    std::map<std::string, std::function<void()>>
        before_route;  ///< called once, before an input of that stream is routed
    std::unique_ptr<FulfilmentWorkflow> workflow;
    std::unique_ptr<ProjectionRunner> runner;
};

}  // namespace foldback::workflow_tests
