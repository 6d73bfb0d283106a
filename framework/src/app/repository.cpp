#include "foldback/app/repository.hpp"

#include <pthread.h>
#include <sys/random.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <system_error>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace foldback {

namespace detail {

void throw_beyond_tail(const StreamPath& stream, Offset offset, StreamPoint tail) {
    throw RefusedError({.reason = Refusal::bad_offset,
                        .detail = stream.text() + " ends at offset " + std::to_string(tail.offset.value) +
                                  ", before offset " + std::to_string(offset.value),
                        .tail = tail});
}

}  // namespace detail

namespace {

/// How often this process, or one that it came from, was forked.
std::atomic<unsigned> forks{0};

/// The system's random numbers, fetched for some ids at once: the call costs more than the rest of an id. A forked process fetches
/// its own.
class SystemRandom {
public:
    using result_type = std::uint64_t;
    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    result_type operator()() {
        if (next_ == numbers_.size() || forks_ != forks.load(std::memory_order_relaxed)) fetch();
        return numbers_[next_++];
    }

private:
    void fetch() {
        static const int watch = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
        if (watch != 0) throw std::system_error(watch, std::generic_category(), "forks cannot be noticed");
        next_ = numbers_.size();  // until it has others
        forks_ = forks;
        // So few bytes come whole.
        if (::getrandom(numbers_.data(), sizeof numbers_, 0) != static_cast<ssize_t>(sizeof numbers_))
            throw std::system_error(errno, std::generic_category(), "the system has no random numbers");
        next_ = 0;
    }

    std::array<result_type, 32> numbers_;
    std::size_t next_ = 32;
    unsigned forks_ = 0;
};

}  // namespace

std::string random_id() {
    thread_local boost::uuids::basic_random_generator<SystemRandom> generate;
    return boost::uuids::to_string(generate());
}

}  // namespace foldback
