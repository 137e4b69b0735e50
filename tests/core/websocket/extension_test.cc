#include "core/websocket/extension.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::websocket {

namespace {

using Lines = std::vector<std::string_view>;

constexpr Agreement none{};
constexpr Agreement wide{.compression = Compression::wide};
constexpr Agreement wide_named{.compression = Compression::wide, .is_window_named = true};
constexpr Agreement narrow{.compression = Compression::narrow, .is_window_named = true};

struct Example {
  std::string_view line;
  Agreement agreement;
};

TEST(Extension, IsAgreedOnByTheParametersOfTheOffer) {
  for (const Example& example : {
           Example{.line = "permessage-deflate", .agreement = wide},
           Example{.line = "Permessage-DEFLATE", .agreement = wide},
           Example{.line = "permessage-deflate; server_no_context_takeover", .agreement = wide},
           Example{.line = "permessage-deflate; client_no_context_takeover", .agreement = wide},
           Example{.line = "permessage-deflate; Server_No_Context_Takeover; "
                           "CLIENT_NO_CONTEXT_TAKEOVER",
                   .agreement = wide},
           Example{.line = "permessage-deflate; client_max_window_bits", .agreement = wide},
           Example{.line = "permessage-deflate; client_max_window_bits=8", .agreement = wide},
           Example{.line = "permessage-deflate; client_max_window_bits=15", .agreement = wide},
           Example{.line = "permessage-deflate; server_max_window_bits=15",
                   .agreement = wide_named},
           Example{.line = "permessage-deflate; server_max_window_bits=14", .agreement = narrow},
           Example{.line = "permessage-deflate; server_max_window_bits=13", .agreement = narrow},
           Example{.line = "permessage-deflate; server_max_window_bits=12", .agreement = narrow},
           Example{.line = "permessage-deflate; server_max_window_bits=11", .agreement = narrow},
           Example{.line = "permessage-deflate; Server_Max_Window_Bits=10", .agreement = narrow},
           Example{.line = "permessage-deflate; server_max_window_bits=9", .agreement = narrow},
           Example{.line = "permessage-deflate; server_max_window_bits=8", .agreement = none},
           Example{.line = "permessage-deflate; client_max_window_bits; "
                           "server_max_window_bits=10; client_no_context_takeover; "
                           "server_no_context_takeover",
                   .agreement = narrow},
           Example{.line = "x-webkit-deflate-frame", .agreement = none},
       }) {
    EXPECT_EQ(negotiate(Lines{example.line}), example.agreement) << example.line;
  }
  EXPECT_EQ(negotiate({}), none) << "no header, no extension";
}

TEST(Extension, IsDeclinedWithABadParameterWithoutFailingTheHandshake) {
  for (const std::string_view parameters :
       {"server_no_context_takeover=1",
        "client_no_context_takeover=1",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=20",
        "server_max_window_bits=08",
        "server_max_window_bits=09",
        "server_max_window_bits=010",
        "server_max_window_bits=1",
        "server_max_window_bits=1a",
        "server_max_window_bits=100",
        "server_max_window_bits=+9",
        "server_max_window_bits=x",
        "server_max_window_bits=10; server_max_window_bits=10",
        "server_max_window_bits; server_max_window_bits=10",
        "server_max_window_bits=10; server_max_window_bits",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=08",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits=10; client_max_window_bits=10",
        "unknown",
        "unknown=1",
        "server_max_window_bit=10"}) {
    const std::string line = "permessage-deflate; " + std::string{parameters};
    EXPECT_EQ(negotiate(Lines{line}), none) << line;
    EXPECT_EQ(negotiate(Lines{line + ", permessage-deflate"}), wide) << line;
  }
}

TEST(Extension, IsTheFirstOfferThatIsAcceptable) {
  constexpr std::string_view ten = "permessage-deflate; server_max_window_bits=10";
  constexpr std::string_view eight = "permessage-deflate; server_max_window_bits=8";
  constexpr std::string_view plain = "permessage-deflate";
  EXPECT_EQ(negotiate(Lines{"permessage-deflate; server_max_window_bits=10, permessage-deflate"}),
            narrow);
  EXPECT_EQ(negotiate(Lines{"permessage-deflate, permessage-deflate; server_max_window_bits=10"}),
            wide);
  EXPECT_EQ(negotiate(Lines{ten, plain}), narrow);
  EXPECT_EQ(negotiate(Lines{plain, ten}), wide);
  EXPECT_EQ(negotiate(Lines{eight, ten, plain}), narrow);
  EXPECT_EQ(negotiate(Lines{"foo; bar=baz, x", eight, plain}), wide);
  EXPECT_EQ(negotiate(Lines{"foo; permessage-deflate"}), none) << "a parameter of that name";
}

TEST(Extension, IsReadThroughBlanksQuotesAndEmptyElements) {
  for (const std::string_view line :
       {"permessage-deflate;server_max_window_bits=10",
        "permessage-deflate\t;\t server_max_window_bits \t= \t10 ",
        "permessage-deflate; server_max_window_bits=\"10\"",
        R"(permessage-deflate; server_max_window_bits="\1\0")",
        R"(permessage-deflate; server_max_window_bits = "1\0" ; client_max_window_bits = "9")",
        ",permessage-deflate; server_max_window_bits=10",
        ", ,\t,permessage-deflate; "
        "server_max_window_bits=10,,",
        "x, ,y,, permessage-deflate; server_max_window_bits=10, z"}) {
    EXPECT_EQ(negotiate(Lines{line}), narrow) << line;
  }
  EXPECT_EQ(negotiate(Lines{"", "permessage-deflate", ","}), wide) << "some lines are empty";
}

TEST(Extension, FailsTheHandshakeIfTheGrammarIsBroken) {
  for (const std::string_view bad : {"permessage-deflate;",
                                     "permessage-deflate; ;x",
                                     ";x",
                                     "=",
                                     "x=1",
                                     "x y",
                                     "x; y z",
                                     "x; y=",
                                     "x; =1",
                                     "x; y==1",
                                     "x; y=1=2",
                                     "x; y=\"",
                                     "x; y=\"a",
                                     "x; y=\"\"",
                                     "x; y=\"a b\"",
                                     "x; y=\"a,b\"",
                                     "x; y=\"a\"b",
                                     R"(x; y="a\")",
                                     R"(x; y="a\"")",
                                     R"(x; y="\\")",
                                     R"(x; y="\)",
                                     "x; y=\"a\\",
                                     "\"x\"",
                                     "x; \"y\"",
                                     "x/1",
                                     "x; y=1/2",
                                     "x; y=\xC3\xA9",
                                     "x(comment)",
                                     "x:y"}) {
    const std::string line{bad};
    EXPECT_EQ(negotiate(Lines{line}), std::nullopt) << line;
    EXPECT_EQ(negotiate(Lines{"permessage-deflate, " + line}), std::nullopt) << line;
    EXPECT_EQ(negotiate(Lines{line + ", permessage-deflate"}), std::nullopt) << line;
    EXPECT_EQ(negotiate(Lines{"permessage-deflate", line}), std::nullopt) << line;
  }
  for (const std::string_view empty : {"", " ", ",", " , ,\t"}) {
    EXPECT_EQ(negotiate(Lines{empty}), std::nullopt) << "a list has an element: " << empty;
    EXPECT_EQ(negotiate(Lines{empty, empty}), std::nullopt);
  }
}

TEST(Extension, IsAnsweredWithoutContextTakeoverInEitherDirection) {
  const auto answer = [](Agreement agreement) {
    std::string out;
    append_answer(out, agreement);
    return out;
  };
  EXPECT_EQ(answer(none), "");
  EXPECT_EQ(answer(wide),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(answer(wide_named),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=15");
  EXPECT_EQ(answer(narrow),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=9");
}

// Whatever is offered, an answer is one that the offer allows, and reads as an offer itself.
RC_GTEST_PROP(Extension, IsReadWithoutHarmWhateverIsOffered, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "permessage-deflate", "; ", ";", ", ", "=", "\"", "\\", " ", "8", "10", "15",
      "server_max_window_bits", "client_max_window_bits", "server_no_context_takeover",
      "client_no_context_takeover", "x", "\x80"));
  std::string line;
  for (const std::string& word : words) line += word;

  const auto agreement = negotiate(Lines{line});
  if (!agreement) return;
  RC_ASSERT(agreement == negotiate(Lines{line, ""}));
  RC_ASSERT(agreement == negotiate(Lines{",", line}));
  if (agreement->compression == Compression::none) return;
  std::string answer;
  append_answer(answer, *agreement);
  const auto again = negotiate(Lines{answer});
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->compression == agreement->compression);
}

}  // namespace
}  // namespace lastword::websocket
