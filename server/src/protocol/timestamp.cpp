#include "protocol/timestamp.hpp"

#include <chrono>
#include <cstdio>

namespace foldback::server::protocol {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Reads a text from the left; remembers when something else came than was expected.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    int number(std::size_t digits) {
        int value = 0;
        for (std::size_t i = 0; i != digits; ++i) value = value * 10 + digit();
        return value;
    }

    void literal(char upper) {
        if (!take(upper) && !(upper == 'T' && take('t'))) failed_ = true;
    }

    bool take(char byte) {
        if (rest_.empty() || rest_.front() != byte) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// The digits of a fraction of a second, as milliseconds.
    milliseconds fraction() {
        int value = 0;
        int weight = 100;
        do {
            value += digit() * weight;
            weight /= 10;
        } while (!failed_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9');
        return milliseconds(value);
    }

    void fail() { failed_ = true; }
    [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

private:
    int digit() {
        if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
            failed_ = true;
            return 0;
        }
        const auto value = rest_.front() - '0';
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
    bool failed_ = false;
};

std::chrono::sys_days read_date(Reader& reader) {
    const auto year = reader.number(4);
    reader.literal('-');
    const auto month = static_cast<unsigned>(reader.number(2));
    reader.literal('-');
    const auto day = static_cast<unsigned>(reader.number(2));
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    if (!date.ok()) {
        reader.fail();
        return {};
    }
    return date;
}

milliseconds read_time(Reader& reader) {
    const auto hour = reader.number(2);
    reader.literal(':');
    const auto minute = reader.number(2);
    reader.literal(':');
    const auto second = reader.number(2);  // 60 is a leap second
    if (hour > 23 || minute > 59 || second > 60) reader.fail();
    const auto fraction = reader.take('.') ? reader.fraction() : milliseconds(0);
    return hours(hour) + minutes(minute) + seconds(second) + fraction;
}

minutes read_zone(Reader& reader) {
    if (reader.take('Z') || reader.take('z')) return minutes(0);
    const bool west = reader.take('-');
    if (!west && !reader.take('+')) reader.fail();
    const auto hour = reader.number(2);
    reader.literal(':');
    const auto minute = reader.number(2);
    if (hour > 23 || minute > 59) reader.fail();
    const auto east = hours(hour) + minutes(minute);
    return west ? -east : east;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    Reader reader(text);
    const auto date = read_date(reader);
    reader.literal('T');
    const auto time = read_time(reader);
    const auto zone = read_zone(reader);
    if (!reader.done()) return std::nullopt;
    return Timestamp(date) + time - zone;
}

std::string format_timestamp(Timestamp timestamp) {
    const auto day = std::chrono::floor<days>(timestamp);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(timestamp - day);
    char text[40];
    const auto size =
        std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
                      unsigned(date.month()), unsigned(date.day()), int(time.hours().count()),
                      int(time.minutes().count()), int(time.seconds().count()), int(time.subseconds().count()));
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace foldback::server::protocol
