#include <utility>

#include "foldback/store/read_mode.hpp"
#include "protocol/event_text.hpp"
#include "protocol/live_source.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/refusal_response.hpp"

namespace foldback::server::protocol {

namespace {

class StreamSource final : public LiveSource {
public:
    StreamSource(const Service& service, Reader reader, const StreamQuery& query)
        : service_(service), reader_(std::move(reader)), query_(query), place_(query.from) {}

    Read read(std::size_t max_bytes) override;
    Response response() override { return read_response(service_, reader_, std::move(page_)); }
    void write_event(std::string& out) override;
    Watch watch(std::function<void()> changed) override {
        return service_.store.watch(reader_.stream, page_.next.offset, std::move(changed));
    }
    bool is_base64() const override { return is_base64_; }
    std::string name() const override { return reader_.stream.text(); }

private:
    [[nodiscard]] Read refused(Refused refused) const;
    void join_text();
    [[nodiscard]] StreamPoint resume_point();

    const Service& service_;
    const Reader reader_;
    const StreamQuery query_;
    ReadFrom place_;
    bool began_ = false;
    Watch kept_alive_;
    ReadPage page_;
    // SSE only:
    bool is_base64_ = false;
    std::string text_;  ///< of the next data event
    std::string held_;  ///< the beginning of a character or line end that may not be complete yet
};

LiveSource::Read StreamSource::read(std::size_t max_bytes) {
    auto page = service_.store.read({.stream = reader_.stream,
                                     .from = place_,
                                     .max_bytes = max_bytes,
                                     .max_messages = query_.limit,
                                     .renews_ttl = !began_,
                                     .latest = !began_});
    if (!page) return refused(page.error());
    page_ = std::move(*page);
    place_ = page_.next;
    // A stream with live readers does not expire (PROTOCOL §5.1 Stream-TTL), however long one of them waits.
    if (!began_) kept_alive_ = service_.store.keep_alive(reader_.stream);
    began_ = true;

    Batch batch;
    batch.has_data = !page_.runs.empty();
    batch.up_to_date = page_.up_to_date;
    batch.closed = page_.closed && page_.up_to_date;
    if (query_.live == Live::sse) {
        join_text();
        batch.has_data = page_.framing == Framing::json ? batch.has_data : !text_.empty();
    }
    batch.next_offset = offset_token(resume_point());
    return batch;
}

/// The stream that was being read is not there any more, when its name is gone or stands for another one.
LiveSource::Read StreamSource::refused(Refused refused) const {
    if (began_ && refused.reason == Refusal::bad_offset) refused = {.reason = Refusal::not_found};
    return {boost::system::in_place_error, to_response(refused)};
}

/// SSE is UTF-8, in lines: a character that is not complete yet waits for its rest, as a CR does for an LF that may belong to
/// it, and readers resume before it.
void StreamSource::join_text() {
    const bool is_json = page_.framing == Framing::json;
    is_base64_ = query_.base64 || (!is_json && !media_type_of(page_.content_type).starts_with("text/"));
    text_ = std::exchange(held_, {});
    append_body(text_, page_);
    // A session may wait for long: it holds nothing of the store meanwhile.
    page_.runs = std::vector<Run>();
    page_.owners = std::vector<std::shared_ptr<const void>>();
    std::string().swap(page_.content_type);
    const bool ends_here = page_.closed && page_.up_to_date;
    if (is_json || is_base64_ || ends_here) return;
    held_ = text_.substr(text_.size() - incomplete_end(text_));
    text_.resize(text_.size() - held_.size());
}

/// Where a reader resumes: before what is held back. That may lie beyond a fork point, where the source names it.
StreamPoint StreamSource::resume_point() {
    auto point = page_.next;
    if (held_.empty()) return point;
    point.offset.value -= held_.size();
    if (page_.start.incarnation == page_.next.incarnation && point >= page_.start) return point;
    const ReadMode mode(ReadMode::may_wait);  // the page was read: where its end is named is at hand, or soon
    const auto there = service_.store.read(
        {.stream = reader_.stream, .from = point.offset, .max_bytes = 1, .max_messages = 1, .renews_ttl = false});
    return there ? there->start : point;
}

void StreamSource::write_event(std::string& out) {
    const auto text = std::exchange(text_, {});
    if (is_base64_) {
        write_base64_event(out, text);
        return;
    }
    out.reserve(out.size() + text.size() + text.size() / 8 + 128);
    DataEvent event(out);
    event.text(text);
    event.end();
}

}  // namespace

std::unique_ptr<LiveSource> stream_source(const Service& service, Reader reader, const StreamQuery& query) {
    return std::make_unique<StreamSource>(service, std::move(reader), query);
}

}  // namespace foldback::server::protocol
