#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "../app/forwarding_store.hpp"
#include "contract/store_fixture.hpp"
#include "foldback/app/workflow.hpp"

/// Whatever happens to a workflow's inputs, each is received once.
namespace foldback::workflow_random_tests {
namespace {

struct Fed {
    std::int64_t number = 0;
    bool is_later = false;  ///< not the first of its stream
};
BOOST_DESCRIBE_STRUCT(Fed, (), (number, is_later))
struct Answer {
    std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (number))
using Input = Events<Named<"Fed", 1, Fed>>;
using Command = Events<Named<"Answer", 1, Answer>>;

struct State {
    int inputs = 0;
    void apply(const Fed&) { ++inputs; }
};

std::set<std::int64_t> indigestible;  ///< numbers that `decide` fails at

Reactions<Command> decide(const State& state, const Fed& fed) {
    if (indigestible.contains(fed.number)) throw std::runtime_error("indigestible");
    if (fed.is_later && state.inputs == 0) throw std::logic_error("the first one was not received");
    Reactions<Command> reactions;
    if (fed.number % 3 == 0) reactions.send(Answer{fed.number});
    if (fed.number % 4 == 0) reactions.timeout_in("hunger", std::chrono::seconds{fed.number % 7});
    return reactions;
}
Reactions<Command> decide(const State&, const TimedOut&) { return Reactions<Command>().send(Answer{}); }

/// Does not answer some of the appends, which it carries out or not.
class SilentStore final : public app_tests::ForwardingStore {
public:
    SilentStore(StreamStore& store, std::mt19937& random) : ForwardingStore(store), random_(random) {}
    using StreamStore::append;
    using StreamStore::append_all;

    void append(AppendRequest request, Completion<Appended> done) override {
        if (const auto heard = heard_by(std::move(done))) behind().append(std::move(request), heard);
    }
    void append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) override {
        if (const auto heard = heard_by(std::move(done))) behind().append_all(std::move(requests), heard);
    }

    unsigned silent = 0;  ///< so many appends

private:
    /// Whom to tell of an append; empty: it is not carried out.
    template <class Value>
    Completion<Value> heard_by(Completion<Value> done) {
        if (silent == 0) return done;
        --silent;
        const Refused unknown{.reason = Refusal::outcome_unknown, .detail = "no answer"};
        if (random_() % 2 == 0) {
            done(unknown);
            return {};
        }
        return [done, unknown](const Result<Value>&) { done(unknown); };
    }

    std::mt19937& random_;
};

using FedWorkflow = Workflow<State, Input, Command>;

/// Three workflows with inputs from three streams each, and everything that may go wrong with them.
class Random {
public:
    explicit Random(std::uint32_t seed) : random_(seed) {
        indigestible.clear();
        open();
    }

    void step() {
        switch (dice(16)) {
            case 0: return fail_less();
            case 1: store_.silent = 1 + dice(3); return;
            case 2: return clock_.advance(std::chrono::milliseconds{dice(40'000)});
            case 3: return in_spite([&] { (void)workflow_->fire_due(); });
            case 4: return in_spite([&] { retry_parked(); });
            case 5: return in_spite([&] { runner_->stop(); });
            case 6: return dice(2) == 0 ? open() : move_back();
            case 7:
            case 8:
            case 9: return in_spite([&] { (void)runner_->step(); });
            default: feed();
        }
    }
    /// Nothing goes wrong any more.
    void finish() {
        unreadable_.clear();
        indigestible.clear();
        store_.silent = 0;
        do {
            clock_.advance(std::chrono::minutes{1});
            runner_->run_until_caught_up();
            retry_parked();
        } while (!runner_->parked("inbox-test.inbox").empty());
        runner_->run_until_caught_up();
    }

    using Numbers = std::map<std::string, std::vector<std::int64_t>>;  ///< by stream
    [[nodiscard]] const Numbers& fed() const { return fed_; }
    [[nodiscard]] Numbers received() const {
        Numbers numbers;
        for (const auto& info : log_->list({.prefix = "fed/"}).streams) {
            const auto page = log_->read({.stream = info.stream, .max_bytes = 1 << 24}).value();
            EventReader<FedWorkflow::Record>().read(page, info.stream.text(), [&](const auto& recorded) {
                if (const auto* input = std::get_if<InputReceived>(&recorded.event.variant()))
                    numbers[input->stream].push_back(number_of(input->message.text));
            });
        }
        return numbers;
    }

private:
    unsigned dice(unsigned sides) { return static_cast<unsigned>(random_()) % sides; }

    template <class Work>
    static void in_spite(const Work& work) {
        try {
            work();
        } catch (const std::exception&) {
            // It is tried again.
        }
    }

    void open() {
        runner_.reset();
        FedWorkflow::Options options;
        options.name = "inbox-test";
        options.category = "fed";
        options.clock = &clock_;
        options.inputs = {.categories = {"in"}};
        options.start = FromBeginning{};
        options.retry.retries = dice(3);
        options.route = [this](const Recorded<Input>& recorded) -> std::optional<std::string> {
            if (unreadable_.contains(std::get<Fed>(recorded.event).number)) throw std::runtime_error("unreadable");
            return std::string(recorded.stream.substr(3, 1));
        };
        options.dispatch = [](const Command&, const Dispatch&) {};
        workflow_ = std::make_unique<FedWorkflow>(store_, database_, options);
        runner_ = std::make_unique<ProjectionRunner>(
            store_, ProjectionRunnerOptions{.clock = &clock_, .background_threads = false});
        workflow_->add_to(*runner_);
    }

    void feed() {
        const auto stream = "in/" + std::to_string(dice(3)) + "/" + std::to_string(dice(3));
        const auto number = ++last_number_;
        if (dice(15) == 0) unreadable_.insert(number);
        if (dice(15) == 0) indigestible.insert(number);
        auto& numbers = fed_[stream];
        const auto event = R"({"type":"Fed","version":1,"data":{"number":)" + std::to_string(number) +
                           R"(,"is_later":)" + (numbers.empty() ? "false" : "true") + "}}";
        (void)log_
            ->append({.stream = stream,
                      .messages = contract::json(event),
                      .create_with = StreamConfig{.content_type = contract::json_type}})
            .value();
        numbers.push_back(number);
    }
    void fail_less() {
        auto& numbers = dice(2) == 0 ? unreadable_ : indigestible;
        if (!numbers.empty()) numbers.erase(numbers.begin());
    }
    void move_back() {
        const auto checkpoint = runner_->status("inbox-test.inbox").checkpoint.value;
        in_spite([&] { runner_->move("inbox-test.inbox", Position{dice(static_cast<unsigned>(checkpoint) + 1)}); });
    }
    void retry_parked() {
        for (const auto& event : runner_->parked("inbox-test.inbox"))
            (void)runner_->retry_parked("inbox-test.inbox", event.key);
    }
    static std::int64_t number_of(std::string_view message) {
        constexpr std::string_view before = R"("number":)";
        return std::stoll(std::string(message.substr(message.find(before) + before.size())));
    }

    std::mt19937 random_;
    ManualClock clock_;
    std::unique_ptr<LogStore> log_ = LogStore::in_memory({.clock = &clock_});
    std::shared_ptr<Database> database_ = Database::in_memory();
    SilentStore store_{*log_, random_};
    std::set<std::int64_t> unreadable_;
    Numbers fed_;
    std::int64_t last_number_ = 0;
    std::unique_ptr<FedWorkflow> workflow_;
    std::unique_ptr<ProjectionRunner> runner_;
};

}  // namespace

TEST_CASE("whatever happens to inputs, each is received once, and those of a stream in order") {
    constexpr std::uint32_t seeds = 100;
    constexpr int steps = 200;
    for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        for (int step = 0; step < steps; ++step) random.step();

        random.finish();

        REQUIRE(random.received() == random.fed());
    }
}

}  // namespace foldback::workflow_random_tests
