#include "foldback/core/upcast.hpp"

#include <doctest/doctest.h>

#include "foldback/core/decode.hpp"

using namespace foldback;

namespace {

// A chain of three typed versions: a rename, then a split of a name.
struct PlacedV1 {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(PlacedV1, (), (name))
struct PlacedV2 {
    std::string customer;
};
BOOST_DESCRIBE_STRUCT(PlacedV2, (), (customer))
struct Placed {
    std::string customer;
    std::string channel = "web";
};
BOOST_DESCRIBE_STRUCT(Placed, (), (customer, channel))
PlacedV2 upcast(const PlacedV1& old) { return {old.name}; }
Placed upcast(const PlacedV2& old) { return {old.customer, "shop"}; }

struct Paid {
    int cents = 0;
};
BOOST_DESCRIBE_STRUCT(Paid, (), (cents))
struct Shipped {
    std::string to;
};
BOOST_DESCRIBE_STRUCT(Shipped, (), (to))

// One event that became two, one that may mean nothing, one in a document, one under another name.
struct PaidAndShipped {
    int cents = 0;
    std::string to;
};
BOOST_DESCRIBE_STRUCT(PaidAndShipped, (), (cents, to))
Pieces<Paid, Shipped> upcast(const PaidAndShipped& old) { return {Paid{old.cents}, Shipped{old.to}}; }
struct PaidV1 {
    int euros = 0;
};
BOOST_DESCRIBE_STRUCT(PaidV1, (), (euros))
std::optional<Paid> upcast(const PaidV1& old) {
    if (old.euros == 0) return std::nullopt;
    return Paid{old.euros * 100};
}
JsonText shipped_v1(const JsonText& old) { return {R"({"to":)" + old.text.substr(old.text.find(':') + 1)}; }
Shipped delivered(const PlacedV1& old) { return {old.name}; }

// Two messages that are one event now.
struct Street {
    std::string street;
};
BOOST_DESCRIBE_STRUCT(Street, (), (street))
struct City {
    std::string city;
};
BOOST_DESCRIBE_STRUCT(City, (), (city))
struct AddressMerger {
    std::optional<Street> waiting{};
    std::optional<Shipped> street(const Street& old) {
        waiting = old;
        return std::nullopt;
    }
    std::optional<Shipped> city(const City& old) {
        const auto street = std::exchange(waiting, std::nullopt);
        return Shipped{(street ? street->street + ", " : "") + old.city};
    }
    [[nodiscard]] bool is_idle() const { return !waiting; }
};

using Event =
    Events<Named<"Placed", 3, Placed, Was<1, PlacedV1>, Was<2, PlacedV2>>, Named<"Paid", 2, Paid, Was<1, PaidV1>>,
           Named<"Shipped", 2, Shipped, Was<1, JsonText, shipped_v1>>,
           Retired<"PaidAndShipped", Was<1, PaidAndShipped>>, Retired<"Delivered", Was<1, PlacedV1, delivered>>,
           Retired<"Street", Was<1, Street, &AddressMerger::street>>,
           Retired<"City", Was<1, City, &AddressMerger::city>>, Dropped<"Clicked">>;

struct State {
    std::string log;
    void apply(const Placed& placed) { log += "placed by " + placed.customer + " in " + placed.channel + ";"; }
    void apply(const Paid& paid) { log += "paid " + std::to_string(paid.cents) + ";"; }
    void apply(const Shipped& shipped) { log += "shipped to " + shipped.to + ";"; }
};

template <class Events>
std::string read(std::string_view message, MergersOf<Events>& mergers, Reading reading = {}) {
    EnvelopeReader envelope;
    std::string log;
    envelope.open(message);
    decode_data<Events>(envelope, reading, mergers, [&log]<class Struct>(const Struct& event) {
        if constexpr (std::is_same_v<Struct, UnknownEvent>) {
            log += "unknown " + event.type + " " + std::to_string(event.version) + " " + event.data + ";";
        } else {
            State state;
            state.apply(event);
            log += state.log;
        }
    });
    return log;
}
std::string read(std::string_view message, Reading reading = {}) {
    MergersOf<Event> mergers;
    return read<Event>(message, mergers, reading);
}

std::string error_of(std::string_view message, Reading reading = {}) {
    try {
        (void)read(message, reading);
    } catch (const JsonError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("an old version is carried through the chain to the version of today") {
    CHECK(read(R"({"type":"Placed","version":3,"data":{"customer":"Ada","channel":"phone"}})") ==
          "placed by Ada in phone;");
    CHECK(read(R"({"type":"Placed","version":2,"data":{"customer":"Ada"}})") == "placed by Ada in shop;");
    CHECK(read(R"({"type":"Placed","version":1,"data":{"name":"Ada"}})") == "placed by Ada in shop;");
}

TEST_CASE("an event without version is of version 1") {
    CHECK(read(R"({"type":"Placed","data":{"name":"Ada"}})") == "placed by Ada in shop;");
}

TEST_CASE("the members of an envelope may come in any order, with blanks and strangers") {
    for (const auto* message :
         {R"({"version":2,"type":"Placed","data":{"customer":"Ada"}})",
          R"({"data":{"customer":"Ada"},"version":2,"type":"Placed"})",
          R"({"type":"Placed","data":{"customer":"Ada"},"version":2})",
          R"( { "type" : "Placed" , "version" : 2 , "data" : { "customer" : "Ada" } } )",
          R"({"type":"Placed","version":2,"x":[{}],"id":7,"timestamp":"now","meta":null,"data":{"customer":"Ada"}})",
          R"({"type":"Placed","version":2,"id":7,"data":{"customer":"Ada"}})",
          R"({"type":"\u0050laced","version":2,"data":{"customer":"A\u0064a"}})"}) {
        CAPTURE(message);
        CHECK(read(message) == "placed by Ada in shop;");
    }
}

TEST_CASE("an upcaster may drop an event") {
    CHECK(read(R"({"type":"Paid","version":1,"data":{"euros":3}})") == "paid 300;");
    CHECK(read(R"({"type":"Paid","version":1,"data":{"euros":0}})") == "");
    CHECK(read(R"({"type":"Clicked","version":9,"data":{"what":"ever"}})") == "");
}

TEST_CASE("an upcaster may work on the document") {
    CHECK(read(R"({"type":"Shipped","version":1,"data":{"destination":"Rome"}})") == "shipped to Rome;");
}

TEST_CASE("one old event may become several, and one of another name") {
    CHECK(read(R"({"type":"PaidAndShipped","version":1,"data":{"cents":5,"to":"Rome"}})") == "paid 5;shipped to Rome;");
    CHECK(read(R"({"type":"Delivered","version":1,"data":{"name":"Rome"}})") == "shipped to Rome;");
}

TEST_CASE("several old events may become one") {
    MergersOf<Event> mergers;

    CHECK(mergers.are_idle());
    CHECK(read<Event>(R"({"type":"Street","version":1,"data":{"street":"Via Appia"}})", mergers) == "");
    CHECK_FALSE(mergers.are_idle());
    CHECK(read<Event>(R"({"type":"City","version":1,"data":{"city":"Rome"}})", mergers) ==
          "shipped to Via Appia, Rome;");
    CHECK(mergers.are_idle());
}

TEST_CASE("a version that the program does not know is an error") {
    CHECK(error_of(R"({"type":"Placed","version":4,"data":{}})") == "/data: this program does not know the version");
    CHECK(error_of(R"({"type":"Street","version":2,"data":{}})") == "/data: this program does not know the version");
}

TEST_CASE("an event of an unknown type is refused, skipped or kept, by choice") {
    const auto message = R"({"type":"Refunded","version":3,"data":{"cents":[1, 2]}})";
    using Keeping = Events<Named<"Paid", 1, Paid>, UnknownEvent>;
    MergersOf<Keeping> mergers;

    CHECK(error_of(message) == "/data: unknown event type");
    CHECK(read(message, {.unknown_events = UnknownEvents::skip}) == "");
    CHECK(read<Keeping>(message, mergers) == R"(unknown Refunded 3 {"cents":[1, 2]};)");
}

TEST_CASE("a kept unknown event is written as it came") {
    using Keeping = Events<Named<"Paid", 1, Paid>, UnknownEvent>;

    CHECK(to_envelope<Keeping>(UnknownEvent{"Refunded", 3, R"({"cents":[1, 2]})"}) ==
          R"({"type":"Refunded","version":3,"timestamp":0,"data":{"cents":[1, 2]}})");
}

TEST_CASE("members that older events lack are an error or take their defaults, by choice") {
    const auto message = R"({"type":"Placed","version":3,"data":{"customer":"Ada","extra":1}})";

    CHECK(error_of(message) == "/data: missing: channel");
    CHECK(read(message, {.missing_members = MissingMembers::use_default}) == "placed by Ada in web;");
}

TEST_CASE("a message that is no envelope is an error") {
    CHECK(error_of("3").starts_with("expected an object"));
    CHECK(error_of("{}") == "no event: it has no \"type\"");
    CHECK(error_of(R"({"type":"Placed","version":3})") == "no event: it has no \"data\"");
    CHECK(error_of(R"({"type":7,"version":3,"data":{}})").starts_with("/type: expected a string"));
    CHECK(error_of(R"({"type":"Placed","version":-1,"data":{}})") == "/version: a number out of range");
}

TEST_CASE("an event knows the name and version that it is stored with") {
    const Event event = Paid{3};

    CHECK(event.name() == "Paid");
    CHECK(event.version() == 2);
    CHECK(Event::name_of<Placed> == "Placed");
    CHECK(Event::version_of<Placed> == 3);
}
