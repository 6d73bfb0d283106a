#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fault/history_check.hpp"
#include "foldback/server/api.hpp"
#include "foldback/store/log_store.hpp"
#include "log/faulty_device.hpp"

namespace foldback::fault {

/// The whole engine under simulated clients that speak the protocol: clock, disk and the order of all work follow from
/// the seed, and so does every answer. Several generations, between which the power fails, the process is killed or the
/// store is closed.
class Simulation {
public:
    explicit Simulation(std::uint64_t seed);
    ~Simulation();

    /// Throws Violation.
    void run(unsigned generations, unsigned steps);

    /// Of every answer that was given.
    [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }
    [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }
    /// How often a reader that was not woken was asked, and had nothing to get.
    [[nodiscard]] std::uint64_t waits() const noexcept { return waits_; }
    /// How often a reader that found nothing was held up before it asked to be woken; and how often there was news by then.
    [[nodiscard]] std::uint64_t handovers() const noexcept { return handovers_; }
    [[nodiscard]] std::uint64_t handovers_with_news() const noexcept { return handovers_with_news_; }
    [[nodiscard]] std::string journal() const;

private:
    struct Writer {
        std::string name;
        std::string stream;
        std::uint64_t epoch = 0;
        std::uint64_t seq = 0;
        std::uint64_t order = 0;
        std::optional<AppendSeen> unanswered;  ///< sent, outcome unknown: sent again until it is known
        std::uint64_t fenced_below = 0;        ///< an epoch that was accepted: lower ones are not any more
        bool in_flight = false;
        bool may_be_there = false;  ///< an earlier attempt may have been stored
    };
    /// A reader that found nothing new has yet to ask to be woken; whatever happens in between must not be missed.
    enum class Waiting : std::uint8_t { no, before_watching, for_change };
    struct Reader {
        std::string stream;
        std::string offset = "-1";
        ReaderSeen seen;
        std::unique_ptr<server::LongPoll> poll;
        std::unique_ptr<server::EventStream> events;
        Waiting waiting = Waiting::no;
        Watch watch;
        std::shared_ptr<bool> woken;
    };

    void open();
    void end_generation();
    void step();
    void rewrite();
    void write(Writer& writer);
    void write_fenced_off(const Writer& writer);
    void answered(std::size_t writer, std::uint64_t generation, const server::Response& response);
    void close_stream();
    void remove_stream();
    void read(Reader& reader);
    void take_response(Reader& reader, const server::Response& response);
    void take_events(Reader& reader);
    void wait(Reader& reader);
    void leave(Reader& reader);
    void look_at_tail();
    void look_at_removed();
    void check_everything();
    std::vector<std::uint64_t> whole(const std::string& stream);

    server::Response call(server::Method method, const std::string& target,
                          std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = {});
    void note(std::string line);
    void mix(std::string_view text);
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    std::mt19937_64 random_;
    ManualClock clock_;
    std::shared_ptr<FaultyDevice> device_;
    LogStoreOptions options_;
    std::unique_ptr<LogStore> store_;
    std::unique_ptr<server::Api> api_;
    std::vector<Writer> writers_;
    std::vector<Reader> readers_;
    std::vector<std::string> streams_;
    std::map<std::string, StreamSeen> seen_;
    std::vector<std::string> removed_;
    std::uint64_t now_ = 0;
    std::uint64_t generation_ = 0;
    std::uint64_t next_message_ = 1;
    std::uint64_t next_removed_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t waits_ = 0;
    std::uint64_t handovers_ = 0;
    std::uint64_t handovers_with_news_ = 0;
    std::uint64_t fingerprint_ = 14695981039346656037U;
    std::deque<std::string> journal_;
};

}  // namespace foldback::fault
