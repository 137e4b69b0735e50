// Category S: the closes that the server starts, which the Autobahn testsuite lacks. Time is an
// argument; clients answer a Close when the case says so.
#include <algorithm>
#include <array>

#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds moment{1};

Setup usual() { return {}; }
Setup upgraded() { return {.config = {}, .extensions = {}, .start = Start::upgraded}; }

Seen goodbye(std::size_t accepted) {
  return line("* goodbye: " + std::to_string(accepted) + " of your lines were accepted");
}

std::string part(unsigned opcode, std::string_view payload, bool is_final) {
  return bytes_of({.opcode = opcode, .payload = std::string{payload}, .is_final = is_final});
}

void quit(World& world, std::size_t accepted = 0) {
  world.send(text_frame("/quit"));
  world.expect_close(1000, {goodbye(accepted)});
  world.expect_fin(false);
}

// After the server's Close the client sends this, which brings the server's FIN.
Play quitting_with(std::string answer) {
  return [answer = std::move(answer)](World& world) {
    quit(world);
    world.send(answer);
    world.expect_fin();
    world.expect_released(false);
    world.expect_close(1000);
  };
}

// --- /quit --------------------------------------------------------------------------------------

void play_unanswered(World& world) {
  quit(world);
  world.advance(seconds{5} - moment);
  world.expect_released(false);
  world.expect_fin(false);
  world.advance(moment);
  world.expect_released();
}

void play_talking_on(World& world) {
  quit(world);
  for (int second = 0; second < 5; ++second) {
    world.expect_released(false);
    world.send(ping_frame("still here?") + say("hello") + text_frame("/quit"));
    world.advance(seconds{1});
    world.expect_close(1000);
  }
  world.expect_released();
}

void play_end_without_close(World& world) {
  quit(world);
  world.end();
  world.expect_released();
}

// Both say goodbye at once: none of the two is answered.
void play_crossing(World& world) {
  world.hold();
  world.send(text_frame("/quit") + close_frame(4000));
  world.expect_nothing();
  world.read_on();
  world.expect_close(1000, {goodbye(0)});
  world.expect_fin();
}

// The name is free as soon as the Close is on its way, though nobody has answered it.
void play_name_is_free(World& world) {
  quit(world);
  const std::size_t next = world.log_in("me");
  world.send(say("again"), next);
  world.expect({heard("again")}, next);
}

void play_name_is_free_for_half_a_close(World& world) {
  world.hold();
  world.send(close_frame(1000));
  world.expect_nothing();
  const std::size_t next = world.log_in("me");
  world.send(say("again"), next);
  world.expect({heard("again")}, next);
  world.read_on();
  world.expect_close(1000);
}

// What is queued for it comes first.
void play_last_words(World& world) {
  const std::size_t other = world.log_in("other");
  world.hold();
  world.send(text_frame("me: one"), other);
  world.expect_nothing(other);
  world.send(text_frame("/quit"));
  world.expect_nothing();
  world.send(text_frame("me: two"), other);
  world.expect({line("! undelivered me: not_connected")}, other);
  world.read_on();
  world.expect_close(1000, {line("from other: one"), goodbye(0)});
  world.expect_fin(false);
}

// Queued output is judged by the stall timeout alone, and is lost with it, the Close too.
void play_quit_unread(World& world) {
  world.hold();
  world.send(text_frame("/quit"));
  world.advance(seconds{10} - moment);
  world.expect_fin(false);
  world.advance(moment);
  world.expect_fin();
  world.expect_released(false);
}

void add_quits(std::vector<Case>& cases) {
  cases.push_back({"S.1.1", "/quit: a goodbye, a Close with 1000, and a FIN once that is answered.",
                   quitting_with(close_frame(1000)), usual()});
  cases.push_back({"S.1.2", "An answer with another code, or none, is one, too.",
                   quitting_with(empty_close_frame()), usual()});
  cases.push_back(
      {"S.1.3", "What the client was sending comes first: the answer is found behind it.",
       quitting_with(say("late") + ping_frame("late") +
                     fragments(Opcode::binary, std::string(3000, 'x'), 1000) + close_frame(1000)),
       usual()});
  cases.push_back({"S.1.4", "The answer may come within a fragmented message.",
                   quitting_with(part(1, "me: ", false) + close_frame(1000)), usual()});
  cases.push_back({"S.1.5", "A message over the limit on its way does not hide the answer.",
                   quitting_with(binary_frame(std::string(100'000, 'x')) + close_frame(1000)),
                   usual()});
  cases.push_back({"S.1.6",
                   "A protocol error in place of an answer: no second Close, a FIN at once.",
                   quitting_with("\xF3\x80"s), usual()});
  cases.push_back({"S.1.7", "A Close that is not answered ends after 5 s with the drop.",
                   play_unanswered, usual()});
  cases.push_back({"S.1.8",
                   "What else the client says in the 5 s is neither answered nor extends them.",
                   play_talking_on, usual()});
  cases.push_back(
      {"S.1.9", "A FIN in place of an answer ends it at once.", play_end_without_close, usual()});
  cases.push_back({"S.1.10", "Closes that cross are not answered again.", play_crossing, usual()});
  cases.push_back({"S.1.11", "The name is free as soon as the server has sent its Close.",
                   play_name_is_free, usual()});
  cases.push_back({"S.1.12", "It is free as soon as the client has sent its Close.",
                   play_name_is_free_for_half_a_close, usual()});
  cases.push_back({"S.1.13",
                   "What was queued comes before the goodbye and the Close; later messages "
                   "are not accepted.",
                   play_last_words, usual()});
  cases.push_back({"S.1.14", "What follows /quit in the same bytes is not taken.",
                   [](World& world) {
                     world.send(say("one") + text_frame("/quit") + say("two") + ping_frame("x"));
                     world.expect_close(1000, {heard("one"), goodbye(1)});
                   },
                   usual()});
  cases.push_back({"S.1.15", "A client that does not read its goodbye is given up after 10 s.",
                   play_quit_unread, usual()});
}

// --- The stop -----------------------------------------------------------------------------------

void expect_finished(World& world) {
  if (!world.server.finished()) throw Mismatch("the drain is not over");
}

void play_stop(World& world) {
  world.send(say("one"));
  world.expect({heard("one")});
  world.stop();
  world.expect_close(1001, {goodbye(1)});
  world.expect_fin();
  world.expect_released(false);
  world.send(say("too late") + ping_frame("x") + close_frame(1001));
  world.expect_close(1001);
  world.end();
  world.expect_released();
  expect_finished(world);
  if (world.server.finished()->books.connections_clean != 1) throw Mismatch("not a clean end");
}

// Whoever has everything and says nothing any more is done after the linger time.
void play_stop_silent(World& world) {
  world.stop();
  world.expect_close(1001, {goodbye(0)});
  world.advance(seconds{2} - moment);
  world.expect_released(false);
  world.advance(moment);
  world.expect_released();
  expect_finished(world);
}

void play_stop_queued(World& world) {
  world.hold();
  world.send(say("one") + say("two"));
  world.expect_nothing();
  world.stop();
  world.expect_fin(false);
  world.read_on();
  world.expect_close(1001, {heard("one"), heard("two"), goodbye(2)});
  world.expect_fin();
}

// Half of the client's Close was there when the stop came.
void play_stop_within_close(World& world) {
  world.send(close_frame(1000).substr(0, 5));
  world.expect_nothing();
  world.stop();
  world.expect_close(1001, {goodbye(0)});
  world.send(close_frame(1000).substr(5));
  world.end();
  world.expect_released();
  expect_finished(world);
  if (world.server.finished()->books.connections_clean != 1) throw Mismatch("not a clean end");
}

// Half a message, in two ways, is none.
void play_stop_within(World& world) {
  const std::size_t other = world.log_in("other");
  world.send(part(1, "me: one ", false));
  world.send(say("two").substr(0, 8), other);
  world.expect_nothing();
  world.stop();
  world.send(part(0, "more", true));
  world.send(say("two").substr(8) + close_frame(1001), other);
  world.expect_close(1001, {goodbye(0)});
  world.expect_close(1001, {goodbye(0)}, other);
}

void play_stop_while_closing(World& world) {
  quit(world);
  world.stop();
  world.expect_fin();
  world.expect_close(1000);
}

void play_stop_handshaking(World& world) {
  world.send("GET / HTTP/1.1\r\n");
  world.stop();
  world.expect_fin();
  if (!world.body().empty()) throw Mismatch("an answer to half a request");
}

void play_stop_deadline(World& world) {
  world.hold();
  world.send(say("one"));
  world.expect_nothing();
  world.stop();
  world.advance(seconds{30} - moment);
  world.expect_released(false);
  world.advance(moment);
  world.expect_released();
  expect_finished(world);
}

void add_stops(std::vector<Case>& cases) {
  cases.push_back({"S.2.1",
                   "The stop: the goodbye, a Close with 1001 and the FIN at once; what comes "
                   "later is not accepted.",
                   play_stop, usual()});
  cases.push_back({"S.2.2", "A client that has everything and stays silent for 2 s is done.",
                   play_stop_silent, usual()});
  cases.push_back(
      {"S.2.3", "What is queued is written before the goodbye.", play_stop_queued, usual()});
  cases.push_back({"S.2.4", "A message that is not complete at the stop is not accepted.",
                   play_stop_within, usual()});
  cases.push_back({"S.2.5", "Who has not logged in gets no goodbye, just the Close and the FIN.",
                   [](World& world) {
                     world.stop();
                     world.expect_close(1001);
                     world.expect_fin();
                   },
                   upgraded()});
  cases.push_back({"S.2.6",
                   "Within the handshake there is just the FIN.",
                   play_stop_handshaking,
                   {.config = {}, .extensions = {}, .start = Start::accepted}});
  cases.push_back({"S.2.7", "A Close that was not answered before the stop gets the FIN at once.",
                   play_stop_while_closing, usual()});
  cases.push_back(
      {"S.2.8", "A client that does not read is cut off after 30 s.", play_stop_deadline, usual()});
  cases.push_back({"S.2.9", "A Close of which half had come before the stop counts.",
                   play_stop_within_close, usual()});
}

// --- 1008 ---------------------------------------------------------------------------------------

Play refused_as(std::string_view name, std::string_view told) {
  return [name = std::string{name}, told = std::string{told}](World& world) {
    world.send(text_frame(name) + say("not taken") + ping_frame("not taken"));
    world.expect_close(1008, {line(told)});
    world.expect_fin(false);
    world.send(close_frame(1008));
    world.expect_fin();
  };
}

void play_taken_name(World& world) {
  const std::size_t second = world.connect();
  world.send(usual_request() + text_frame("me"), second);
  world.expect_response("HTTP/1.1 101 Switching Protocols", {}, second);
  world.expect_close(1008, {line("! name is taken: me")}, second);
  world.expect_fin(false, second);
  world.send(close_frame(1000), second);
  world.expect_fin(true, second);
  world.send(say("still here"));
  world.expect({heard("still here")});
}

// Not extended by traffic.
void play_login_timeout(World& world) {
  world.advance(seconds{9});
  world.send(ping_frame("x") + text_frame(""));
  world.expect({ponged("x")});
  world.advance(seconds{1} - moment);
  world.expect_nothing();
  world.advance(moment);
  world.expect_close(1008, {line("! name did not come within 10s")});
  world.expect_fin(false);
  world.send(close_frame(1008));
  world.expect_fin();
}

// --- Slowness -----------------------------------------------------------------------------------

constexpr std::size_t slow_text_size = 1000;

Setup with_small_outboxes() {
  Setup setup;
  setup.config.line_max = 4096;
  setup.config.outbox_max = 4096;
  return setup;
}

// Client 1, "slow", takes `taken` bytes of six messages and then nothing for 10 s. What it is to
// get after that is in `last_words`.
Play slow_after(std::size_t taken, std::size_t told_lost, const std::vector<Seen>& last_words) {
  return [=](World& world) {
    const std::size_t slow = world.log_in("slow");
    world.hold(slow);
    if (taken > 0) world.take(taken, slow);
    const std::string message = text_frame("slow: " + std::string(slow_text_size, 'x'));
    for (int count = 0; count < 6; ++count) world.send(message);
    world.expect_nothing();
    world.advance(seconds{10} - moment);
    world.expect_released(false, slow);
    world.expect_nothing();
    world.advance(moment);
    world.read_on(slow);
    world.expect_close(1008, last_words, slow);
    world.expect_fin(true, slow);
    std::vector<Seen> reports(told_lost, line("! undelivered slow: slow_consumer"));
    reports.resize(6 - last_words.size(), line("! undelivered slow: not_connected"));
    world.expect(reports);
  };
}

void play_slow_for_ever(World& world) {
  const std::size_t slow = world.log_in("slow");
  world.hold(slow);
  for (int count = 0; count < 6; ++count) {
    world.send(text_frame("slow: " + std::string(slow_text_size, 'x')));
  }
  world.advance(seconds{15} - moment);
  world.expect_released(false, slow);
  world.advance(moment);
  world.expect_released(true, slow);
  std::vector<Seen> reports(4, line("! undelivered slow: slow_consumer"));
  reports.resize(6, line("! undelivered slow: not_connected"));
  world.expect(reports);
}

// --- Cut off within a frame ---------------------------------------------------------------------

// How a message reaches its addressee: as a copy of its own, shared with another, or with a header
// of its own and a shared text.
struct Form {
  std::string_view told;
  std::string_view destinations;
};
constexpr std::array<Form, 3> forms{Form{"a copy of its own", "slow: "},
                                    Form{"shared with another", "slow, other: "},
                                    Form{"a header of its own and a shared text", "slow, #room: "}};
// Of two frames of 1013 bytes each: headers of 4, then "from me: ".
constexpr std::array<std::size_t, 12> places{1, 2, 4, 5, 12, 13, 14, 500, 1012, 1013, 1014, 1030};

// The slow client is in the middle of two messages, at `taken`.
void stall_at(World& world, std::size_t taken, const Form& form) {
  const std::size_t slow = world.log_in("slow");
  const std::size_t other = world.log_in("other");
  world.send(text_frame("/join #room"), other);
  world.expect({line("* you joined #room, 1 member")}, other);
  world.hold(slow);
  world.hold(other);
  const std::string text(slow_text_size, 'x');
  for (int count = 0; count < 2; ++count) {
    world.send(text_frame(std::string{form.destinations} + text));
  }
  world.expect_nothing();
  world.take(taken, slow);
}

std::vector<Seen> seen_by_other(const Form& form) {
  const bool is_in_room = form.destinations.find('#') != std::string_view::npos;
  const bool is_named = form.destinations.find("other") != std::string_view::npos;
  const Seen each =
      line((is_in_room ? "from me in #room: " : "from me: ") + std::string(slow_text_size, 'x'));
  return std::vector<Seen>(is_in_room || is_named ? 2 : 0, each);
}

Play cut_off_at(std::size_t taken, const Form& form) {
  return [=](World& world) {
    stall_at(world, taken, form);
    // It is dropped for a message that has no room.
    world.send(text_frame("slow: " + std::string(4000, 'y')));
    world.expect_nothing();
    world.advance(seconds{10});
    world.read_on(1);
    const std::size_t frame_size = 4 + heard("").payload.size() + slow_text_size;
    const std::size_t begun = (taken + frame_size - 1) / frame_size;
    const std::string text(slow_text_size, 'x');
    world.expect_close(1008, std::vector<Seen>(begun, line("from me: " + text)), 1);
    std::vector<Seen> reports(2 - begun, line("! undelivered slow: slow_consumer"));
    reports.push_back(line("! undelivered slow: not_connected"));
    world.expect(reports);
    world.read_on(2);
    world.expect(seen_by_other(form), 2);
  };
}

// A pong passes what is queued at `taken`, and does not break into a frame.
Play ponged_at(std::size_t taken, const Form& form) {
  return [=](World& world) {
    stall_at(world, taken, form);
    world.send(ping_frame("now"), 1);
    world.expect_nothing();
    const std::string text(slow_text_size, 'x');
    world.read_on(1);
    world.expect({line("from me: " + text), line("from me: " + text), ponged("now")}, 1);
    world.read_on(2);
    world.expect(seen_by_other(form), 2);
  };
}

void add_cuts(std::vector<Case>& cases) {
  std::size_t number = 1;
  for (const Form& form : forms) {
    for (const std::size_t taken : places) {
      const std::string at = std::string{form.told} + ", " + std::to_string(taken) + " bytes read";
      cases.push_back({"S.5." + std::to_string(number++),
                       "Dropped as slow, " + at + ": the frame that was begun, then the Close.",
                       cut_off_at(taken, form), with_small_outboxes()});
      cases.push_back({"S.5." + std::to_string(number++),
                       "A ping meanwhile, " + at + ": no pong within a frame.",
                       ponged_at(taken, form), with_small_outboxes()});
    }
  }
}

// --- Heartbeats ---------------------------------------------------------------------------------

void play_silence(World& world) {
  world.advance(seconds{30} - moment);
  world.expect_nothing();
  world.advance(moment);
  world.expect({pinged()});
  world.advance(seconds{30});
  world.expect({pinged()});
  world.advance(seconds{30} - moment);
  world.expect_nothing();
  world.advance(moment);
  world.expect_close(1008);
  world.expect_fin();
}

// Answers of one kind or another: any byte will do.
Play alive_by(std::string answer, std::vector<Seen> out) {
  return [answer = std::move(answer), out = std::move(out)](World& world) {
    for (int minute = 0; minute < 5; ++minute) {
      world.advance(seconds{59});
      world.expect({pinged()});
      world.send(answer);
      world.expect(out);
    }
  };
}

void play_drop_of_the_silent_frees_the_name(World& world) {
  const std::size_t room_mate = world.log_in("other");
  for (const std::size_t client : {std::size_t{0}, room_mate}) {
    world.send(text_frame("/join #room"), client);
    world.expect({line("* you joined #room, " + std::to_string(client + 1) +
                       (client == 0 ? " member" : " members"))},
                 client);
  }
  world.expect({line("* other joined #room")});
  for (int half = 0; half < 6; ++half) {
    world.advance(seconds{15});
    world.send(pong_frame(""), room_mate);
  }
  world.expect_close(1008, {pinged(), pinged()});
  world.expect({line("* me left #room")}, room_mate);
}

void add_policies(std::vector<Case>& cases) {
  cases.push_back({"S.3.1", "A bad name is refused with an error and 1008.",
                   refused_as("a:b", "! name has one of , : # in it"), upgraded()});
  cases.push_back({"S.3.2", "So is one that is too long.",
                   refused_as(std::string(65, 'x'), "! name is too long; it may have 64 bytes"),
                   upgraded()});
  cases.push_back({"S.3.3", "So is one with an LF, which the line protocol can't even say.",
                   [](World& world) {
                     world.send(text_frame("a\nb"));
                     world.expect(
                         {line("! line break: a message is one line, and has no LF in it; "
                               "it was skipped")});
                     world.send(text_frame("a\tb"));
                     world.expect_close(1008, {line("! name has a control character in it")});
                   },
                   upgraded()});
  cases.push_back({"S.3.4", "A binary message logs in as well, if it is a name.",
                   [](World& world) {
                     world.send(binary_frame("me") + say("x"));
                     world.expect({heard("x")});
                   },
                   upgraded()});
  cases.push_back({"S.3.5", "A binary message that is not UTF-8 is no name: 1008.",
                   [](World& world) {
                     world.send(binary_frame("\xFF"));
                     world.expect_close(1008, {line("! name is not valid UTF-8")});
                   },
                   upgraded()});
  cases.push_back({"S.3.6", "A name that is taken is refused; its owner notices nothing.",
                   play_taken_name, usual()});
  cases.push_back({"S.3.7", "A login that has not come after 10 s is refused, whatever else came.",
                   play_login_timeout, upgraded()});
  cases.push_back({"S.3.8",
                   "Nothing was read for 10 s: what is queued fails, 1008, and a FIN at "
                   "once.",
                   slow_after(0, 4, {}), with_small_outboxes()});
  cases.push_back({"S.3.9", "The same within a frame: the rest of that comes first.",
                   slow_after(500, 3, {line("from me: " + std::string(slow_text_size, 'x'))}),
                   with_small_outboxes()});
  cases.push_back({"S.3.10", "One who does not read the Close either is dropped 5 s later.",
                   play_slow_for_ever, with_small_outboxes()});
  cases.push_back({"S.3.11",
                   "Silence for three heartbeats: two pings, then 1008 and a FIN at once.",
                   play_silence, usual()});
  cases.push_back(
      {"S.3.12", "Pongs keep a connection alive.", alive_by(pong_frame(""), {}), usual()});
  cases.push_back({"S.3.13", "So do pings, which are answered.",
                   alive_by(ping_frame("x"), {ponged("x")}), usual()});
  cases.push_back({"S.3.14", "So do messages.", alive_by(say("x"), {heard("x")}), usual()});
  cases.push_back({"S.3.15", "Who is dropped for its silence leaves its rooms.",
                   play_drop_of_the_silent_frees_the_name, usual()});
  cases.push_back({"S.3.16", "Half a frame every minute keeps a connection alive, too.",
                   [](World& world) {
                     const std::string frame = say("slowly");
                     for (std::size_t place = 0; place < 4; ++place) {
                       world.advance(seconds{59});
                       world.expect({pinged()});
                       world.send(frame.substr(place, 1));
                       world.expect_nothing();
                     }
                     world.send(frame.substr(4));
                     world.expect({heard("slowly")});
                   },
                   usual()});
}

// --- Errors -------------------------------------------------------------------------------------

// After its own Close for an error the server understands nothing any more and ends its side; the
// client has its time to do so, too.
void play_after_error(World& world) {
  world.send(say("one") + "\x83\x80"s);
  world.expect_close(1002, {heard("one")});
  world.expect_fin();
  world.send(close_frame(1002) + say("two") + ping_frame("x"));
  world.expect_close(1002);
  world.expect_released(false);
}

void play_error_with_queue(World& world) {
  world.hold();
  world.send(say("one") + say("two") + text_frame("\xFF"));
  world.expect_nothing();
  world.expect_fin(false);
  world.read_on();
  world.expect_close(1007, {heard("one"), heard("two")});
  world.expect_fin();
}

// A client that goes on sending and never ends its side.
void play_error_endless(World& world) {
  world.send("\x83\x80"s);
  world.expect_close(1002);
  for (int second = 0; second < 12; ++second) {
    world.expect_released(false);
    world.send(say("on and on"));
    world.advance(seconds{1});
  }
  world.expect_released();
}

void add_errors(std::vector<Case>& cases) {
  cases.push_back({"S.4.1",
                   "After a protocol error there is one Close with 1002, then the FIN; "
                   "what follows is not answered.",
                   play_after_error, usual()});
  cases.push_back({"S.4.2", "What is queued comes before the Close with 1007.",
                   play_error_with_queue, usual()});
  cases.push_back({"S.4.3", "1009 frees the name at once.",
                   [](World& world) {
                     world.send("\x81\xFF\x00\x00\x00\x00\x00\x01\x00\x00"s);
                     world.expect_close(1009);
                     world.expect_fin();
                     const std::size_t next = world.log_in("me");
                     world.send(say("again"), next);
                     world.expect({heard("again")}, next);
                   },
                   usual()});
  cases.push_back(
      {"S.4.4", "1007 before the login.", failing(text_frame("\xC0\x80"), {}, 1007), upgraded()});
  cases.push_back({"S.4.5", "Who sends on and on after an error is let go of after all.",
                   play_error_endless, usual()});
  cases.push_back({"S.4.6", "A FIN without a Close: the server says 1000 and lets go.",
                   [](World& world) {
                     world.send(say("one"));
                     world.end();
                     world.expect_close(1000, {heard("one")});
                     world.expect_released();
                   },
                   usual()});
  cases.push_back({"S.4.7", "A FIN within a message: that is none.",
                   [](World& world) {
                     world.send(say("one").substr(0, 9));
                     world.end();
                     world.expect_close(1000);
                     world.expect_released();
                   },
                   usual()});
}

}  // namespace

Category server_closes() {
  Category category{.name = "S", .title = "Closes by the server", .cases = {}};
  add_quits(category.cases);
  add_stops(category.cases);
  add_policies(category.cases);
  add_errors(category.cases);
  add_cuts(category.cases);
  return category;
}

}  // namespace lastword::test::conformance
