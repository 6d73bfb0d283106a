// Any bytes are a record or are not; reading them never goes beyond them.
#include "log/record.hpp"

#include "fuzz/fuzz.hpp"
#include "log/commit_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldback::log;
    const std::string bytes(foldback::fuzz::text_of(data, size));
    (void)read_commit_header(bytes, 0);
    auto rest = std::string_view(bytes);
    while (const auto record = decode_record(rest, false)) {
        foldback::fuzz::require(record->bytes.size() <= rest.size() && !record->bytes.empty(),
                                "a record is larger than what holds it");
        switch (record->type) {
            case RecordType::stream_created: (void)decode_created(*record); break;
            case RecordType::stream_closed: (void)decode_closed(*record); break;
            case RecordType::stream_deleted: (void)decode_deleted(*record); break;
            case RecordType::stream_truncated: (void)decode_truncated(*record); break;
            case RecordType::messages_appended: {
                const auto appended = decode_appended(*record);
                if (!appended) break;
                ByteBuffer again;
                encode(*appended, again);
                const auto same = decode_record(again, true);
                foldback::fuzz::require(same && decode_appended(*same),
                                        "what was read cannot be written and read again");
                foldback::fuzz::require(decode_appended(*same)->payload == appended->payload, "the payload changed");
                break;
            }
        }
        rest.remove_prefix(record->bytes.size());
    }
    return 0;
}
