#include <thread>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/http_client.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/scrape.hpp"
#include "cli/table.hpp"
#include "cli/units.hpp"
#include "cli/url.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Document = nlohmann::ordered_json;

/// What happened between two scrapes.
struct Look {
    double requests = 0;  ///< all rates are per second
    double failures = 0;
    double messages = 0;
    double commits = 0;
    double bytes_in = 0;
    double bytes_out = 0;
    double answer_p99_ms = 0;
    double flush_p99_ms = 0;
    std::uint64_t live_readers = 0;
    std::uint64_t streams = 0;
    std::uint64_t log_bytes = 0;
    std::uint64_t dead_bytes = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t open_files = 0;
    double processors = 0;
};

Look between(const Scrape& earlier, const Scrape& now, double seconds) {
    const auto rate = [&](const char* name, const char* label = "") {
        return (now.sum(name, label) - earlier.sum(name, label)) / seconds;
    };
    const auto whole = [&](const char* name, const char* label = "") {
        return static_cast<std::uint64_t>(now.sum(name, label));
    };
    return {.requests = rate("foldback_http_requests_total"),
            .failures = rate("foldback_http_requests_total", "code=\"5"),
            .messages = rate("foldback_append_events_total"),
            .commits = rate("foldback_commits_total"),
            .bytes_in = rate("foldback_append_bytes_total"),
            .bytes_out = rate("foldback_read_bytes_total"),
            .answer_p99_ms = now.quantile_since(earlier, "foldback_http_request_duration_seconds", 0.99) * 1000,
            .flush_p99_ms = now.quantile_since(earlier, "foldback_fsync_duration_seconds", 0.99) * 1000,
            .live_readers = whole("foldback_live_readers"),
            .streams = whole("foldback_streams"),
            .log_bytes = whole("foldback_store_bytes", "kind=\"log\""),
            .dead_bytes = whole("foldback_store_bytes", "kind=\"dead\""),
            .memory_bytes = whole("process_resident_memory_bytes"),
            .open_files = whole("process_open_fds"),
            .processors = rate("process_cpu_seconds_total")};
}

std::string document_of(const Look& look) {
    return json_line(Document{{"requests_per_second", look.requests},
                              {"failures_per_second", look.failures},
                              {"messages_per_second", look.messages},
                              {"commits_per_second", look.commits},
                              {"bytes_in_per_second", look.bytes_in},
                              {"bytes_out_per_second", look.bytes_out},
                              {"answer_p99_ms", look.answer_p99_ms},
                              {"flush_p99_ms", look.flush_p99_ms},
                              {"live_readers", look.live_readers},
                              {"streams", look.streams},
                              {"log_bytes", look.log_bytes},
                              {"dead_bytes", look.dead_bytes},
                              {"memory_bytes", look.memory_bytes},
                              {"open_files", look.open_files},
                              {"processors", look.processors}});
}

std::string bytes_per_second(double bytes) { return format_bytes(static_cast<std::uint64_t>(bytes)) + "/s"; }

std::string table_of(const Look& look) {
    Table table({Align::left, Align::right, Align::left, Align::right});
    table.add(
        {"requests", fmt::format("{:.0f}/s", look.requests), "  failures", fmt::format("{:.1f}/s", look.failures)});
    table.add({"messages", fmt::format("{:.0f}/s", look.messages), "  commits", fmt::format("{:.0f}/s", look.commits)});
    table.add({"in", bytes_per_second(look.bytes_in), "  out", bytes_per_second(look.bytes_out)});
    table.add({"answer p99", fmt::format("{:.1f} ms", look.answer_p99_ms), "  flush p99",
               fmt::format("{:.1f} ms", look.flush_p99_ms)});
    table.add({"streams", format_count(look.streams), "  live readers", format_count(look.live_readers)});
    table.add({"log", format_bytes(look.log_bytes), "  dead", format_bytes(look.dead_bytes)});
    table.add({"memory", format_bytes(look.memory_bytes), "  open files", format_count(look.open_files)});
    table.add({"processors", fmt::format("{:.2f}", look.processors), "", ""});
    return table.text();
}

class Top {
public:
    Top(const TopCommand& command, Session session) : command_(command), output_(session.output), client_(options()) {}

    ExitCode run() {
        auto earlier = scrape();
        auto before = Clock::now();
        for (auto left = command_.rounds.value_or(UINT64_MAX); left > 0; --left) {
            wait_until(before + std::chrono::milliseconds(command_.interval_ms));
            auto now = scrape();
            const auto at = Clock::now();
            show(between(earlier, now, std::chrono::duration<double>(at - before).count()));
            earlier = std::move(now);
            before = at;
        }
        return ExitCode::ok;
    }

private:
    [[nodiscard]] HttpClientOptions options() const {
        const auto url = parse_base_url(command_.admin);
        return {.host = url.host, .port = url.port, .authorization = {}};
    }

    [[nodiscard]] Scrape scrape() {
        const auto response = client_.exchange({.target = "/metrics", .repeatable = true});
        if (response.status == 200) return Scrape(response.body);
        throw Failure(ExitCode::no, fmt::format("{} has no metrics: status {}", command_.admin, response.status),
                      "Start the server with --admin-listen 127.0.0.1:4438, and name that address with --admin.");
    }

    static void wait_until(Clock::time_point when) {
        while (Clock::now() < when) {
            throw_if_interrupted();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }

    void show(const Look& look) {
        if (output_.json()) {
            output_.line(document_of(look));
        } else {
            // Over the last one on a terminal, below it elsewhere.
            if (output_.data_is_terminal() && shown_) output_.data("\x1b[8A\x1b[J");
            output_.data(table_of(look) + (output_.data_is_terminal() ? "" : "\n"));
            shown_ = true;
        }
        output_.flush();
    }

    const TopCommand& command_;
    Output& output_;
    HttpClient client_;
    bool shown_ = false;
};

}  // namespace

ExitCode run(const TopCommand& command, Session session) { return Top(command, session).run(); }

}  // namespace foldback::cli
