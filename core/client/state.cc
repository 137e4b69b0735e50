#include "core/client/state.h"

namespace lastword::client {

std::string_view word_for(State state) {
  switch (state) {
    case State::waiting:
      return "waiting";
    case State::connecting:
      return "connecting";
    case State::handshake:
      return "handshake";
    case State::logging_in:
      return "logging in";
    case State::online:
      return "online";
    case State::closing:
      return "closing";
    case State::gone:
      return "gone";
  }
  return "";
}

std::string_view explain(Reason reason) {
  switch (reason) {
    case Reason::started:
      return "for the first time";
    case Reason::retried:
      return "again";
    case Reason::connected:
      return "connected";
    case Reason::upgraded:
      return "the server speaks WebSocket";
    case Reason::logged_in:
      return "the server knows the name";
    case Reason::unknown_host:
      return "there is no such host";
    case Reason::refused:
      return "nobody listens there";
    case Reason::unreachable:
      return "there is no way there";
    case Reason::connect_timed_out:
      return "nobody answers there";
    case Reason::connect_failed:
      return "the system could not connect";
    case Reason::handshake_refused:
      return "the server refuses the WebSocket";
    case Reason::no_websocket:
      return "that is no WebSocket server";
    case Reason::handshake_timed_out:
      return "no answer to the WebSocket request";
    case Reason::no_lastword:
      return "that is no lastword server";
    case Reason::login_refused:
      return "the server refuses the name";
    case Reason::name_held:
      return "the name is still taken, by an earlier link it seems";
    case Reason::login_timed_out:
      return "no answer to the login in time";
    case Reason::server_full:
      return "the server is full";
    case Reason::goodbye:
      return "the server said goodbye";
    case Reason::closed:
      return "the server closed the WebSocket";
    case Reason::peer_ended:
      return "the server ended the link without a goodbye";
    case Reason::reset:
      return "the link was reset";
    case Reason::link_timed_out:
      return "the system gave the link up";
    case Reason::link_failed:
      return "the link broke";
    case Reason::no_answer:
      return "nothing came for three heartbeats";
    case Reason::violation:
      return "the server broke the WebSocket protocol";
    case Reason::input_finished:
      return "everything is said";
    case Reason::abandoned:
      return "stopped";
  }
  return "";
}

}  // namespace lastword::client
