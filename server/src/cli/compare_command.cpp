#include <algorithm>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/build_adapter.hpp"
#include "cli/debug_text.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/message_writer.hpp"
#include "cli/progress.hpp"
#include "cli/stream_listing.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "debugger/changes.hpp"
#include "foldback/store/messages.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

/// What two builds are sent in one question.
constexpr std::size_t max_batch_events = 1'000;
constexpr std::size_t max_batch_bytes = 1 << 20;

/// Calls `take` with the messages of a JSON stream, some at a time, until it says false.
template <class Take>
void read_batches(Transport& transport, const std::string& stream, Take take) {
    std::string offset = "-1";
    for (bool more = true; more;) {
        throw_if_interrupted();
        const HttpRequest request{
            .target = fmt::format("{}?offset={}", transport.base().target_of(stream), encode_query(offset)),
            .repeatable = true};
        const auto response = transport.exchange(request);
        require_success(response, stream);
        offset = require_header(response, "stream-next-offset");
        more = !response.says_true("stream-up-to-date");
        std::vector<std::string> batch;
        std::size_t bytes = 0;
        for (auto& message : split_json(response.body)) {
            bytes += message.size();
            batch.push_back(std::move(message));
            if (batch.size() < max_batch_events && bytes < max_batch_bytes) continue;
            if (!take(batch)) return;
            batch.clear();
            bytes = 0;
        }
        if (!batch.empty() && !take(batch)) return;
    }
}

class Comparing {
public:
    Comparing(const CompareCommand& command, Session session)
        : command_(command),
          session_(session),
          transport_(open_transport(session.common)),
          old_(command.old_build, std::chrono::milliseconds(session.common.timeout_ms)),
          new_(command.new_build, std::chrono::milliseconds(session.common.timeout_ms)),
          progress_(session.output, "comparing", ProgressUnit::messages, session.common.progress) {}

    ExitCode run() {
        if (!command_.streams.empty() && !command_.streams.ends_with('*')) {
            require_stream_name(command_.streams);
            compare(command_.streams);
        } else {
            const auto prefix =
                command_.streams.substr(0, command_.streams.size() - (command_.streams.empty() ? 0 : 1));
            compare_all(prefix);
            if (streams_ == 0 && !command_.streams.empty())
                throw Failure(ExitCode::not_found,
                              fmt::format("no stream that both builds fold begins with \"{}\"", printable(prefix)),
                              "The streams there are: foldback list");
        }
        progress_.clear();
        return report();
    }

private:
    void compare_all(const std::string& prefix) {
        StreamListing listing(*transport_, prefix);
        while (!listing.is_complete()) {
            for (const auto& info : listing.next()) {
                const auto type = info.value("content_type", "");
                if (framing_of(type) != Framing::json) continue;
                const auto name = info["stream"].get<std::string>();
                try {
                    compare(name);
                } catch (const Failure& failure) {
                    // Deleted since it was listed, or its first messages are given up.
                    if (failure.code() != ExitCode::not_found) throw;
                    skip(name, failure.what());
                }
            }
        }
    }

    void skip(const std::string& stream, const std::string& why) {
        constexpr std::size_t most = 1'000;
        if (skipped_.size() < most) skipped_.push_back({{"stream", stream}, {"because", why}});
    }

    void compare(const std::string& stream) {
        const auto before = old_.begin(stream);
        const auto after = new_.begin(stream);
        if (!before && !after) {
            ++without_lens_;
            return;
        }
        if (!before || !after) {
            skip(stream, fmt::format("only {} has a lens for it", before ? "--old" : "--new"));
            return;
        }
        std::uint64_t done = 0;
        bool same = true;
        read_batches(*transport_, stream, [&](const std::vector<std::string>& events) {
            same = compare_batch(stream, *after, events, done);
            done += events.size();
            events_ += events.size();
            progress_.update(events_, 0);
            return same;
        });
        ++streams_;
        if (same) ++same_;
    }

    /// Whether both builds made the same of all of them.
    bool compare_batch(const std::string& stream, const BuildAdapter::Begun& begun,
                       const std::vector<std::string>& events, std::uint64_t done) {
        old_.send(events);
        new_.send(events);
        const auto before = old_.receive();
        const auto after = new_.receive();
        for (std::size_t i = 0; i < events.size(); ++i) {
            const bool alike = before.digests[i] == after.digests[i] &&
                               before.problems[i].has_value() == after.problems[i].has_value();
            if (alike) continue;
            Document difference{{"stream", stream}, {"lens", begun.lens}, {"event", done + i + 1}, {"type", ""}};
            const auto message = Document::parse(events[i], nullptr, false);
            if (message.is_object() && message.contains("type") && message["type"].is_string())
                difference["type"] = message["type"];
            if (before.problems[i] && !after.problems[i]) difference["old_problem"] = *before.problems[i];
            if (after.problems[i] && !before.problems[i]) difference["new_problem"] = *after.problems[i];
            difference["changes"] =
                server::debugger::list_changes(old_.state_after(i + 1), new_.state_after(i + 1), begun.identity);
            add(std::move(difference));
            return false;
        }
        return true;
    }

    void add(Document difference) {
        ++differ_;
        if (differences_.size() < command_.limit) differences_.push_back(std::move(difference));
    }

    ExitCode report() {
        const Document answer{{"old", old_.build()},
                              {"new", new_.build()},
                              {"streams", streams_},
                              {"events", events_},
                              {"same", same_},
                              {"differ", differ_},
                              {"without_lens", without_lens_},
                              {"skipped", skipped_},
                              {"differences", differences_}};
        auto& output = session_.output;
        if (output.json()) {
            output.line(json_line(answer));
        } else {
            output.data(compare_text(answer));
            for (const auto& one : skipped_)
                output.note(
                    printable(fmt::format("skipped {}: {}", one.value("stream", ""), one.value("because", ""))));
        }
        return differ_ == 0 ? ExitCode::ok : ExitCode::no;
    }

    const CompareCommand& command_;
    Session session_;
    std::unique_ptr<Transport> transport_;
    BuildAdapter old_;
    BuildAdapter new_;
    ProgressDisplay progress_;
    std::uint64_t streams_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t same_ = 0;
    std::uint64_t differ_ = 0;
    std::uint64_t without_lens_ = 0;
    Document differences_ = Document::array();
    Document skipped_ = Document::array();
};

}  // namespace

ExitCode run(const CompareCommand& command, Session session) { return Comparing(command, session).run(); }

}  // namespace foldback::cli
