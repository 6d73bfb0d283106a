// Planted bugs: in `file` the text `from`, which must be there once, is replaced by `to`. The test that `caught` names must then
// fail: [program, test case]. A bug that no test notices is a hole in the tests.

const log = 'framework/src/log/'
const index = 'framework/src/index/'
const store = 'framework/src/store/'
const protocol = 'server/src/protocol/'
const http = 'server/src/http/'
const client = 'framework/src/client/'
const s3 = 'framework/src/s3/'

export const mutants = [
  {
    name: 'no-flush',
    bug: 'a commit is acknowledged without having been flushed',
    file: log + 'log.cpp',
    from: `        state.current->file().sync();
    });
    state.previous_crc = commit.crc();`,
    to: `    });
    state.previous_crc = commit.crc();`,
    caught: ['power_loss_test', 'appended messages outlive the power'],
  },
  {
    name: 'seal-not-flushed',
    bug: 'the next segment begins before the seal of the last one is durable',
    file: log + 'log.cpp',
    from: `    state.current->file().sync();
    state.sealed = true;`,
    to: `    state.sealed = true;`,
    caught: ['power_loss_test', 'appended messages outlive the power'],
  },
  {
    name: 'segment-without-name',
    bug: 'the directory is not flushed when a segment begins',
    file: log + 'log.cpp',
    from: `    device->sync_directory();
    if (tail_file)`,
    to: `    if (tail_file)`,
    caught: ['power_loss_test', 'appended messages outlive the power'],
  },
  {
    name: 'header-not-flushed',
    bug: 'a segment gets its name before its header is durable',
    file: log + 'log.cpp',
    from: `        blank.file->sync();
`,
    to: ``,
    caught: ['power_loss_test', 'appended messages outlive the power'],
  },
  {
    name: 'flush-tried-again',
    bug: 'a flush that failed is simply tried again',
    file: log + 'log.cpp',
    from: `        state.current->file().sync();
    });
    state.previous_crc = commit.crc();`,
    to: `        try {
            state.current->file().sync();
        } catch (const DeviceError&) {
            state.current->file().sync();
        }
    });
    state.previous_crc = commit.crc();`,
    caught: ['log_test', 'a failed flush breaks the log until it is opened again'],
  },
  {
    name: 'acknowledged-early',
    bug: 'writes are answered before their commit is flushed',
    file: store + 'writer.cpp',
    from: `        if (!draft_.commit().empty()) write_and_publish();`,
    to: `        for (const auto& write : group_) write->complete();
        group_.clear();
        if (!draft_.commit().empty()) write_and_publish();`,
    caught: ['model_test', 'a store whose flushes fail stops, and has what it acknowledged when it is opened again'],
  },
  {
    name: 'visible-early',
    bug: 'a commit is shown to readers before it is flushed',
    file: store + 'writer.cpp',
    from: `        view.place = log_.write(commit, timestamp_ms);
    }
    view.payload = commit.records();
    publish(view, draft_.plain_appends());`,
    to: `        view.place = log_.tail();
        view.payload = commit.records();
        publish(view, draft_.plain_appends());
        static_cast<void>(log_.write(commit, timestamp_ms));
    }`,
    caught: ['model_test', 'a store whose flushes fail stops, and has what it acknowledged when it is opened again'],
  },
  {
    name: 'no-commit-checksum',
    bug: 'the checksum of a commit is not looked at',
    file: log + 'commit.cpp',
    from: `return crc32c(commit.substr(checked_from)) == header.crc;`,
    to: `return !commit.empty() && header.crc != 1;`,
    caught: ['log_test', 'any flipped bit of a log is named as damage, or cuts the last commit, and never yields another message'],
  },
  {
    name: 'no-record-checksum',
    bug: 'the checksum of a record is not looked at when it is read',
    file: store + 'chunk_loader.cpp',
    from: `log::decode_record(bytes, true)`,
    to: `log::decode_record(bytes, false)`,
    caught: ['damage_test', 'no flipped bit of an open store yields wrong data'],
  },
  {
    name: 'damage-cut-off',
    bug: 'damage in the middle of the log is taken for a torn end and cut off',
    file: log + 'recovery.cpp',
    from: `    if (rest.later_commit) {`,
    to: `    if (rest.later_commit && rest.end_of_data == 0) {`,
    caught: ['log_test', 'a whole commit after a broken one is damage, however far away'],
  },
  {
    name: 'torn-commit-left',
    bug: 'what a torn commit left is not wiped',
    file: log + 'recovery.cpp',
    from: `for (std::uint64_t byte = reader.byte(); byte < torn_end_; byte += zeros.size())`,
    to: `for (std::uint64_t byte = reader.byte(); byte < torn_end_ && zeros.empty(); byte += zeros.size())`,
    caught: ['log_test', 'what a torn commit left is wiped before the log goes on'],
  },
  {
    name: 'found-not-made-durable',
    bug: 'recovery believes that what it reads is on the disk',
    file: log + 'recovery.cpp',
    from: `    if (reader.last_commit_byte() != 0) {
        write_again(`,
    to: `    if (reader.last_commit_byte() == 1) {
        write_again(`,
    caught: ['log_test', 'what recovery found survives a power loss, even after a flush that failed'],
  },
  {
    name: 'begun-store-taken-for-new',
    bug: 'a store without segments is begun anew, though it had been begun',
    file: log + 'recovery.cpp',
    from: `    if (files_.has_format && !copy_of)
        throw damage_at`,
    to: `    if (files_.has_format && !copy_of && files_.has_spare)
        throw damage_at`,
    caught: ['log_test', 'a missing segment is damage'],
  },
  {
    name: 'incarnation-used-twice',
    bug: 'after opening, incarnations of deleted streams are given out again',
    file: store + 'open_store.cpp',
    from: `    catalog_->raise_next_incarnation(recovery.next_incarnation);
`,
    to: ``,
    caught: ['contract_test', 'the incarnation of a stream that left no trace is never given again'],
  },
  {
    name: 'foreign-index-believed',
    bug: 'an index of another log is believed',
    file: store + 'open_store.cpp',
    from: `->header().epoch != head.covered_epoch`,
    to: `->header().epoch == 0`,
    caught: ['contract_test', 'an index of another store that looks just the same is not believed'],
  },
  {
    name: 'producers-not-saved',
    bug: 'what the store knows of producers is not saved with the streams',
    file: index + 'catalog.cpp',
    from: `for (const auto& id : stream.unsaved_producers) row.unsaved_producers.emplace_back(id, stream.producers.at(id));`,
    to: ``,
    caught: ['power_loss_test', 'what a store knows of producers outlives the power'],
  },
  {
    name: 'closure-not-saved',
    bug: 'the closure of a stream is not saved',
    file: index + 'catalog.cpp',
    from: `    row.closed = stream.closed;`,
    to: `    row.closed = false;`,
    caught: ['power_loss_test', 'a closed stream stays closed when the power fails'],
  },
  {
    name: 'ttl-by-wall-clock',
    bug: 'the time to live is measured on the wall clock',
    file: index + 'catalog_expiry.cpp',
    from: `    return now_ms - stream.last_access_ms.load(std::memory_order_relaxed) >=`,
    to: `    return clock_.now().time_since_epoch().count() - 1'700'000'000'000 -
               stream.last_access_ms.load(std::memory_order_relaxed) >=`,
    caught: ['clock_test', 'a wall clock that jumps expires nothing'],
  },
  {
    name: 'source-dies-before-its-fork',
    bug: 'a deleted source is gone at once, though forks read its data',
    file: index + 'catalog_fold.cpp',
    from: `    if (stream->forks > 0) {
        stream->life = Life::soft_deleted;`,
    to: `    if (stream->forks > 1) {
        stream->life = Life::soft_deleted;`,
    caught: ['contract_test', 'a deleted source is gone for clients while forks read its data'],
  },
  {
    name: 'rewriting-drops-live-data',
    bug: 'rewriting drops a record of which some messages are retained',
    file: store + 'rewriter.cpp',
    from: `record.first.value + record.extent <= fate.first.value;`,
    to: `record.first.value < fate.first.value;`,
    caught: ['model_test', 'a store that nothing happens to does what the model does'],
  },
  {
    name: 'rewriting-forgets-producers',
    bug: 'rewriting drops what a truncated record says of its producer',
    file: store + 'rewriter.cpp',
    from: `    const bool says_more = !record.producer_id.empty() || record.stream_seq || record.closes;`,
    to: `    const bool says_more = record.stream_seq || record.closes;`,
    caught: ['model_test', 'what was acknowledged outlives killed processes'],
  },
  {
    name: 'rewriting-forgets-deletions',
    bug: 'rewriting drops a deletion whose creation lies in another segment',
    file: store + 'rewriter.cpp',
    from: `if (created_in && *created_in != segment) kept.commit.add_encoded(view.bytes);`,
    to: `if (created_in && *created_in == 0) kept.commit.add_encoded(view.bytes);`,
    caught: ['model_test', 'what was acknowledged outlives killed processes'],
  },
  {
    name: 'feed-end-of-another-file',
    bug: 'the feed takes the end of a segment for that of its rewritten file',
    file: store + 'feed.cpp',
    from: `segment = is_last ? end.segment : log_.segment(number);`,
    to: `segment = log_.segment(number);`,
    caught: ['store_reading_test', 'the feed holds every message once though its last segment is outgrown and rewritten under it'],
  },
  {
    name: 'read-then-register',
    bug: 'a watcher looks before it registers, and misses what comes between',
    file: store + 'engine.cpp',
    from: `    auto registered = watchers_.add(stream.text(), beyond, std::move(changed));
    const auto info = reader_->head(stream);`,
    to: `    const auto info = reader_->head(stream);
    auto registered = watchers_.add(stream.text(), beyond, std::move(changed));`,
    caught: ['race_test', 'no watch is lost of many that begin while a message is committed'],
  },
  {
    name: 'no-look-after-registering',
    bug: 'a long-poll that registers late waits for data that is there already',
    file: store + 'engine.cpp',
    from: `    const bool already = !info || info->closed || info->tail.offset > beyond;`,
    to: `    const bool already = !info || info->closed;`,
    caught: ['protocol_test', 'data that came between the poll and the watch is not missed'],
  },
  {
    name: 'stale-epoch-accepted',
    bug: 'a producer that was fenced off may go on',
    file: store + 'decide_append.cpp',
    from: `    if (producer.epoch < known->epoch) {`,
    to: `    if (producer.epoch + 1 < known->epoch) {`,
    caught: ['contract_test', 'an older epoch is fenced off and told the newer one'],
  },
  {
    name: 'stream-seq-may-repeat',
    bug: 'a Stream-Seq may be equal to the last one',
    file: store + 'decide_append.cpp',
    from: `*request.stream_seq <= *target.stream_seq`,
    to: `*request.stream_seq < *target.stream_seq`,
    caught: ['contract_test', 'a stream sequence must grow byte by byte'],
  },
  {
    name: 'fork-one-too-far',
    bug: 'a fork shows the message after its fork point',
    file: index + 'stream_state.cpp',
    from: `std::make_shared<const Link>(Ancestor{source, fork_offset}, newest_);`,
    to: `std::make_shared<const Link>(Ancestor{source, {fork_offset.value + 1}}, newest_);`,
    caught: ['contract_test', "a fork has its source's data up to the fork point, and goes its own way from there"],
  },
  {
    name: 'message-skipped-between-pages',
    bug: 'a page that is full skips the message that did not fit',
    file: store + 'page_filler.cpp',
    from: `        if (!has_room) {
            full_ = true;
            break;
        }
        if (run.count > 0) bytes_left_`,
    to: `        if (!has_room) {
            full_ = true;
            if (run.count > 0) ++at;
            break;
        }
        if (run.count > 0) bytes_left_`,
    caught: ['contract_test', 'pages of any size, from any offset, in both directions, make up the same sequence'],
  },
  {
    name: 'foreign-token-accepted',
    bug: 'the token of a deleted namesake is read as if it were of this stream',
    file: store + 'reader.cpp',
    from: `if (point->offset > stream.tail || stream.meta->point(point->offset) != *point) {`,
    to: `if (point->offset > stream.tail) {`,
    caught: ['contract_test', 'a token of a deleted namesake is refused'],
  },
  {
    name: 'tag-without-incarnation',
    bug: 'the entity tag of a read does not name the incarnation',
    file: protocol + 'entity_tag.cpp',
    from: `    tag.append(std::to_string(page.incarnation.value)).push_back(':');`,
    to: `    tag.append("1:");`,
    caught: ['protocol_test', 'a tag of a deleted namesake does not match'],
  },
  {
    name: 'if-match-ignored',
    bug: 'If-Match is not looked at',
    file: protocol + 'append.cpp',
    from: `    if (!parsed->condition) return pending_append`,
    to: `    if (!parsed->condition || parsed->condition->tail) return pending_append`,
    caught: ['protocol_test', 'appending at a stale offset changes nothing and names the tail'],
  },
  {
    name: 'sse-splits-on-lf-only',
    bug: 'a carriage return in a text forges an event',
    file: protocol + 'event_text.cpp',
    from: `std::min(line_feed.at_or_after(begin), carriage_return.at_or_after(begin));`,
    to: `std::max(line_feed.at_or_after(begin), line_feed.at_or_after(begin));`,
    caught: ['protocol_test', 'random text arrives as a browser would read it, and forges nothing'],
  },
  {
    name: 'gzip-one-byte-short',
    bug: 'a compressed body lacks its last byte',
    file: protocol + 'compression.cpp',
    from: `out.resize(out.size() - stream_.avail_out);`,
    to: `out.resize(out.size() - stream_.avail_out - 1);`,
    caught: ['protocol_test', 'a body in pieces is compressed as one'],
  },
  {
    name: 'cursor-goes-back',
    bug: 'the cursor of a reader who is ahead goes back',
    file: protocol + 'cursor.cpp',
    from: `    return *client_cursor + random_jitter();`,
    to: `    return current + 0 * random_jitter();`,
    caught: ['protocol_test', 'a cursor never goes back'],
  },
  {
    name: 'chunk-extension-taken',
    bug: 'a chunk may have an extension, of which what looks like digits is counted',
    file: http + 'chunk_decoder.cpp',
    from: `            if (byte != '\\r' || digits_ == 0) {`,
    to: `            if (byte == ';') return Outcome::incomplete;
            if (byte != '\\r' || digits_ == 0) {`,
    caught: ['abuse_test', 'damaged requests are executed only as a reader reads them that forgives nothing'],
  },
  {
    name: 'last-length-counts',
    bug: 'of several lengths the last one counts',
    file: http + 'request_head.cpp',
    from: `            if (has_content_length_) return bad("There is more than one Content-Length.");
`,
    to: ``,
    caught: ['abuse_test', 'damaged requests are executed only as a reader reads them that forgives nothing'],
  },
  {
    name: 'length-beside-encoding',
    bug: 'a request may have both a length and a transfer encoding',
    file: http + 'request_head.cpp',
    from: `    if (has_transfer_encoding_ && has_content_length_) {`,
    to: `    if (has_transfer_encoding_ && has_content_length_ && framing_.http_1_0) {`,
    caught: ['abuse_test', 'more than 250 ambiguous requests are refused, and what follows them is not executed'],
  },
  {
    name: 'any-audience',
    bug: 'a token for another service is believed',
    file: 'server/src/access/jwt.cpp',
    from: `    if (!is_for(*claims, rules.audience)) return`,
    to: `    if (!is_for(*claims, rules.audience) && claims->empty()) return`,
    caught: ['access_test', 'forty bad JWTs are not believed, each for its own reason'],
  },
  {
    name: 'metadata-service-reached',
    bug: 'webhooks may be sent to the metadata service of a cloud',
    file: 'server/src/subscriptions/webhook_url.cpp',
    from: `    {ip(169, 254, 0, 0), 16},  {ip(172, 16, 0, 0), 12},`,
    to: `    {ip(172, 16, 0, 0), 12},`,
    caught: ['subscriptions_test', "a URL that could lead into the server's own network is refused"],
  },
  {
    name: 'duplicate-taken-for-own',
    bug: "the client takes somebody else's batch for its own, and drops its first one",
    file: client + 'producer_state.cpp',
    from: `    const bool is_anothers = answer.unanswered == 0 || `,
    to: `    const bool is_anothers = `,
    caught: ['client_test', 'a given epoch that was used before is refused instead of losing the first batch'],
  },
  {
    name: 'line-end-cut-in-two',
    bug: 'a CR and LF that arrive apart are two line ends to the client',
    file: client + 'sse_parser.cpp',
    from: `        after_carriage_return_ = bytes[end] == '\\r';`,
    to: `        after_carriage_return_ = bytes[end] == '\\r' && bytes.size() > end + 1;`,
    caught: ['client_test', 'events are the same however the bytes are cut into pieces'],
  },
  {
    name: 'rows-removed-unread',
    bug: 'rows leave the database although nobody read what the archive has in their place',
    file: store + 'archiver.cpp',
    from: `    if (!is_safe(seal)) put(seal);`,
    to: ``,
    caught: ['archive_test', 'before anything is removed from the log the archive is read back, and made whole again<foldback::nodes::InDirectory>'],
  },
  {
    name: 'silence-taken-for-absence',
    bug: 'a segment is missing because the archive could not be read',
    file: store + 'archived_log.cpp',
    from: `        if (!unread_.empty()) throw StoreUnavailable(unread_);`,
    to: ``,
    caught: ['archive_test', 'while an archive cannot be read, what only it has is unavailable, and neither lost nor fetched anew<foldback::nodes::InBucket>'],
  },
  {
    name: 'object-overwritten',
    bug: 'what has the name of an object that is put is not copied aside',
    file: s3 + 's3_bucket.cpp',
    from: `        if (const auto old = open(name))
            caller_->copy(key, log::fresh_name_beside(key, ".aside"), old->size(), stop_.get_token());
`,
    to: ``,
    caught: ['s3_test', 'an object that has the name already is copied aside, not overwritten'],
  },
  {
    name: 'object-not-read-back',
    bug: 'an object counts without having been read back',
    file: s3 + 's3_bucket.cpp',
    from: `        check(*stored);`,
    to: ``,
    caught: ['s3_test', 'what is not as it should be is not sent, and what was kept otherwise than it was sent is noticed'],
  },
  {
    name: 'objects-mixed',
    bug: 'an object is read although another one has taken its place',
    file: s3 + 'object.cpp',
    from: ` || piece->etag != etag_)`,
    to: `)`,
    caught: ['s3_test', 'an object that is replaced while it is read is not mixed with the new one'],
  },
  {
    name: 'token-not-signed',
    bug: 'the token of temporary credentials is not sent',
    file: s3 + 'signature.cpp',
    from: `    if (!who.session_token.empty()) headers`,
    to: `    if (false) headers`,
    caught: ['s3_test', 'temporary credentials send their token, and sign it'],
  },
]
