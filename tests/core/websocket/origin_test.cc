#include "core/websocket/origin.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace lastword::websocket {
namespace {

struct Example {
  std::string_view origin;
  std::string_view host;
};

bool is_allowed(const Example& example, const std::vector<std::string>& host_names = {},
                const std::vector<std::string>& allowed_origins = {}) {
  return is_allowed_origin(example.origin, example.host,
                           {.host_names = host_names, .allowed_origins = allowed_origins});
}

TEST(Origin, MayBeThatOfTheHostIfItIsAnAddressOrLocalhost) {
  for (const Example& example : {
           Example{.origin = "http://localhost:8081", .host = "localhost:8081"},
           Example{.origin = "HTTP://LocalHost:8081", .host = "lOCALhOST:8081"},
           Example{.origin = "http://127.0.0.1:8081", .host = "127.0.0.1:8081"},
           Example{.origin = "http://192.168.1.255:1", .host = "192.168.1.255:1"},
           Example{.origin = "http://[::1]:8081", .host = "[::1]:8081"},
           Example{.origin = "https://[FE80::a]:8081", .host = "[fe80::A]:8081"},
           // A port that is missing is the default of the Origin's scheme.
           Example{.origin = "http://localhost", .host = "localhost"},
           Example{.origin = "http://localhost", .host = "localhost:80"},
           Example{.origin = "http://localhost:80", .host = "localhost"},
           Example{.origin = "https://localhost", .host = "localhost"},
           Example{.origin = "https://localhost", .host = "localhost:443"},
           Example{.origin = "https://localhost:443", .host = "localhost"},
           Example{.origin = "https://localhost:443", .host = "localhost:"},
       }) {
    EXPECT_TRUE(is_allowed(example)) << example.origin << " at " << example.host;
  }
}

TEST(Origin, MayNotBeAnother) {
  for (const Example& example : {
           Example{.origin = "http://localhost:8080", .host = "localhost:8081"},
           Example{.origin = "http://127.0.0.1:8081", .host = "localhost:8081"},
           Example{.origin = "http://evil.example", .host = "localhost"},
           Example{.origin = "https://localhost", .host = "localhost:80"},
           Example{.origin = "http://localhost", .host = "localhost:443"},
           Example{.origin = "http://localhost:443", .host = "localhost"},
           Example{.origin = "https://localhost:80", .host = "localhost"},
           Example{.origin = "http://localhost", .host = ""},
           Example{.origin = "http://", .host = ""},
       }) {
    EXPECT_FALSE(is_allowed(example)) << example.origin << " at " << example.host;
  }
}

TEST(Origin, MayNotBeANameThatNobodyVouchesFor) {
  for (const std::string_view host :
       {"chat.example", "127.0.0.1.evil.org", "1.2", "0x7f.1", "127.1", "2130706433", "127.0.0.01",
        "256.0.0.1", "localhost.evil.org", "localhost.", "a.localhost", "127.0.0.1.", "::1"}) {
    const std::string origin = "http://" + std::string{host};
    EXPECT_FALSE(is_allowed({.origin = origin, .host = host})) << host;
    if (host == "::1") continue;
    EXPECT_TRUE(is_allowed({.origin = origin, .host = host}, {std::string{host}})) << host;
  }
}

TEST(Origin, MayBeANameOfTheServer) {
  const std::vector<std::string> names{"other.example", "Chat.Example"};
  EXPECT_TRUE(is_allowed({.origin = "http://chat.example", .host = "chat.example"}, names));
  EXPECT_TRUE(is_allowed({.origin = "https://CHAT.example:1", .host = "chat.EXAMPLE:1"}, names));
  EXPECT_FALSE(is_allowed({.origin = "http://a.chat.example", .host = "a.chat.example"}, names));
  EXPECT_FALSE(is_allowed({.origin = "http://chat.example", .host = "other.example"}, names))
      << "both are ours, but the page and the host must be the same";
}

TEST(Origin, IsASchemeAHostAndAPortAndNothingElse) {
  for (const std::string_view origin : {"",
                                        "null",
                                        "localhost",
                                        "//localhost",
                                        "http:localhost",
                                        "http:/localhost",
                                        "ftp://localhost",
                                        "ws://localhost",
                                        "file://",
                                        "file://localhost",
                                        "httpx://localhost",
                                        "https:localhost",
                                        "http://localhost/",
                                        "http://localhost/x",
                                        "http://localhost?x",
                                        "http://localhost#x",
                                        "http://user@localhost",
                                        "http://localhost http://localhost",
                                        "http://localhost, http://localhost",
                                        "http://localhost:x",
                                        "chrome-extension://localhost",
                                        "http://localhost:65616",
                                        "http"}) {
    EXPECT_FALSE(is_allowed({.origin = origin, .host = "localhost"})) << origin;
  }
}

TEST(Origin, MayBeAnyThatIsAllowedByItsWholeText) {
  const std::vector<std::string> origins{"https://App.example", "null", "http://a.example:81"};
  for (const std::string_view origin :
       {"https://app.example", "HTTPS://APP.EXAMPLE", "null", "http://a.example:81"}) {
    EXPECT_TRUE(is_allowed({.origin = origin, .host = "chat.example"}, {}, origins)) << origin;
    EXPECT_TRUE(is_allowed({.origin = origin, .host = ""}, {}, origins)) << origin;
  }
  for (const std::string_view origin :
       {"", "http://app.example", "https://app.example:444", "https://app.example.evil.org",
        "https://app.exampl", "https://x.app.example", "http://a.example", "nul", "app.example"}) {
    EXPECT_FALSE(is_allowed({.origin = origin, .host = "chat.example"}, {}, origins)) << origin;
  }
}

}  // namespace
}  // namespace lastword::websocket
