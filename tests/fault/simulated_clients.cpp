#include <utility>

#include "fault/answers.hpp"
#include "fault/simulation.hpp"
#include "server/protocol/sse_parser.hpp"

namespace foldback::fault {

using server::Method;
using server::Response;

void Simulation::write(Writer& writer) {
    if (writer.in_flight) return;
    if (!writer.unanswered) {
        ++writer.order;
        writer.may_be_there = false;
        writer.unanswered = AppendSeen{.message = next_message_++, .producer = writer.name, .order = writer.order};
        if (below(12) == 0) {
            ++writer.epoch;
            writer.seq = 0;
        }
    }
    auto& append = *writer.unanswered;
    append.invoked = now_;
    append.answered.reset();
    server::Request request;
    request.method = Method::post;
    request.target = url(writer.stream);
    request.headers = {{"content-type", "application/json"},
                       {"producer-id", writer.name},
                       {"producer-epoch", std::to_string(writer.epoch)},
                       {"producer-seq", std::to_string(writer.seq)}};
    request.body = "[{\"m\":" + std::to_string(append.message) + ",\"pad\":\"" + std::string(below(300), 'x') + "\"}]";
    ++requests_;
    note(writer.name + " sends " + std::to_string(append.message));
    auto reply = api_->handle(std::move(request));
    writer.in_flight = true;
    const auto index = static_cast<std::size_t>(&writer - writers_.data());
    if (const auto* response = std::get_if<Response>(&reply)) return answered(index, generation_, *response);
    auto* pending = std::get_if<server::Pending>(&reply);
    require_history(pending != nullptr, "an append is answered later");
    pending->start(
        [this, index, generation = generation_](const Response& response) { answered(index, generation, response); });
}

void Simulation::answered(std::size_t index, std::uint64_t generation, const Response& response) {
    if (generation != generation_) return;  // the client's connection is gone
    auto& writer = writers_[index];
    writer.in_flight = false;
    mix(std::to_string(response.status));
    mix(header(response, "stream-next-offset"));
    auto append = *writer.unanswered;
    append.answered = now_;
    note(writer.name + " is answered " + std::to_string(response.status) + " for " + std::to_string(append.message));
    if (response.status >= 500) {
        writer.may_be_there = true;
        seen_[writer.stream].appends.push_back(append);  // unknown: it is sent again
        return;
    }
    append.duplicate = response.status == 204;
    append.refused = response.status >= 400 && !writer.may_be_there;
    if (response.status < 300) append.next_offset = header(response, "stream-next-offset");
    const bool closed = header(response, "stream-closed") == "true";
    require_history(response.status < 300 || closed,
                    writer.name + " did nothing wrong, but was refused: " + std::to_string(response.status));
    seen_[writer.stream].appends.push_back(append);
    writer.unanswered.reset();
    if (response.status >= 300) return;
    ++writer.seq;
    writer.fenced_below = writer.epoch;
}

void Simulation::close_stream() {
    const auto& stream = streams_[below(streams_.size())];
    const auto response = call(Method::post, url(stream), {{"stream-closed", "true"}});
    note("close of " + stream + ": " + std::to_string(response.status));
    auto& closed_at = seen_[stream].closed_at;
    if (response.status < 300 && !closed_at) closed_at = now_;
}

/// Creates a stream with data and deletes it: once that is acknowledged it must never come back.
void Simulation::remove_stream() {
    const auto stream = "removed-" + std::to_string(next_removed_++);
    const auto created = call(Method::put, url(stream), {{"content-type", "application/json"}}, "[{\"m\":0}]");
    if (created.status >= 300) return;
    if (below(3) == 0) (void)store_->run_one(LogStore::Work::checkpoint);
    if (call(Method::remove, url(stream)).status == 204) removed_.push_back(stream);
}

void Simulation::look_at_removed() {
    if (removed_.empty()) return;
    const auto& stream = removed_[below(removed_.size())];
    require_history(call(Method::head, url(stream)).status == 404, stream + " came back");
}

/// Somebody goes on with an epoch that a newer one has replaced.
void Simulation::write_fenced_off(const Writer& writer) {
    if (writer.fenced_below == 0) return;
    AppendSeen append{.message = next_message_++, .invoked = now_};
    const auto body = "[{\"m\":" + std::to_string(append.message) + "}]";
    const auto response = call(Method::post, url(writer.stream),
                               {{"content-type", "application/json"},
                                {"producer-id", writer.name},
                                {"producer-epoch", std::to_string(writer.fenced_below - 1)},
                                {"producer-seq", "0"}},
                               body);
    const bool closed = header(response, "stream-closed") == "true";
    require_history(response.status == 403 || closed || response.status >= 500,
                    writer.name + " is fenced off, but was answered " + std::to_string(response.status));
    append.answered = now_;
    append.refused = response.status < 500;
    seen_[writer.stream].appends.push_back(append);
}

void Simulation::look_at_tail() {
    const auto& stream = streams_[below(streams_.size())];
    const auto response = call(Method::head, url(stream));
    require_history(response.status == 200, "a question for an end is answered " + std::to_string(response.status));
    seen_[stream].tails.push_back(
        {.invoked = now_, .answered = now_, .next_offset = header(response, "stream-next-offset")});
}

void Simulation::leave(Reader& reader) {
    reader.watch = {};
    reader.waiting = Waiting::no;
    reader.poll.reset();
    reader.events.reset();
}

/// One step of waiting: first it is asked to be woken, then there is nothing to do before that happens.
void Simulation::wait(Reader& reader) {
    if (reader.waiting == Waiting::before_watching) {
        reader.waiting = Waiting::for_change;
        reader.woken = std::make_shared<bool>(false);
        auto changed = [woken = reader.woken] { *woken = true; };
        reader.watch = reader.poll ? reader.poll->watch(std::move(changed)) : reader.events->watch(std::move(changed));
        ++handovers_;
        handovers_with_news_ += *reader.woken ? 1 : 0;
        return;
    }
    if (*reader.woken) {
        reader.watch = {};
        reader.waiting = Waiting::no;
        return;
    }
    if (below(3) != 0) return;
    ++waits_;
    if (reader.poll) {
        require_history(!reader.poll->poll(), "a long-poll of " + reader.stream + " was not woken, but there is news");
        take_response(reader, reader.poll->expire());
    } else {
        require_history(reader.events->next().bytes.empty(),
                        "a listener of " + reader.stream + " was not woken, but there is news");
    }
    leave(reader);
}

void Simulation::read(Reader& reader) {
    if (reader.waiting != Waiting::no) return wait(reader);
    if (reader.events) return take_events(reader);
    if (reader.poll) {
        const auto response = reader.poll->poll();
        if (!response) return (void)(reader.waiting = Waiting::before_watching);
        reader.poll.reset();
        return take_response(reader, *response);
    }
    const auto dice = below(3);
    const char* mode = dice == 0 ? "" : dice == 1 ? "&live=long-poll" : "&live=sse";
    server::Request request;
    request.method = Method::get;
    request.target = url(reader.stream) + "?offset=" + reader.offset + mode;
    ++requests_;
    auto reply = api_->handle(std::move(request));
    if (auto* poll = std::get_if<std::unique_ptr<server::LongPoll>>(&reply)) {
        reader.poll = std::move(*poll);
    } else if (auto* events = std::get_if<std::unique_ptr<server::EventStream>>(&reply)) {
        reader.events = std::move(*events);
    } else if (const auto* response = std::get_if<Response>(&reply)) {
        take_response(reader, *response);
    } else {
        throw Violation("a read of what is in memory is answered later");
    }
}

void Simulation::take_response(Reader& reader, const Response& response) {
    require_history(
        response.status == 200 || response.status == 204,
        "a read of " + reader.stream + " from " + reader.offset + " answered " + std::to_string(response.status));
    const auto text = body(response);
    mix(text);
    const auto messages = messages_of(text);
    reader.seen.messages.insert(reader.seen.messages.end(), messages.begin(), messages.end());
    reader.offset = header(response, "stream-next-offset");
    if (header(response, "stream-closed") == "true") reader.seen.saw_end = true;
}

void Simulation::take_events(Reader& reader) {
    const auto step = reader.events->next();
    for (const auto& event : server::parse_sse(step.bytes)) {
        if (event.type == "data") {
            const auto messages = messages_of(event.data);
            mix(event.data);
            reader.seen.messages.insert(reader.seen.messages.end(), messages.begin(), messages.end());
        }
        if (event.type == "control") {
            reader.offset = string_field(event.data, "streamNextOffset");
            if (event.data.find("\"streamClosed\":true") != std::string::npos) reader.seen.saw_end = true;
        }
    }
    if (step.finished || below(10) == 0) return leave(reader);
    if (step.bytes.empty()) reader.waiting = Waiting::before_watching;
}

}  // namespace foldback::fault
