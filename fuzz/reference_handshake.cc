#include "fuzz/reference_handshake.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <set>
#include <vector>

#include "fuzz/reference_words.h"

namespace lastword::fuzz::reference {
namespace {

using client::Url;
using client::UrlError;
using websocket::Agreement;
using websocket::Compression;
using websocket::Decision;
using websocket::HandshakeFault;
using websocket::HandshakePolicy;
using websocket::Method;
using websocket::Refusal;
using websocket::Request;
using websocket::Response;
using websocket::Status;

constexpr std::string_view base64_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// --- SHA-1 (RFC 3174) ---------------------------------------------------------------------------

std::uint32_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// Big-endian, as everything there.
void append_number(std::string& out, std::uint64_t number, int bytes) {
  for (int at = bytes - 1; at >= 0; --at) out.push_back(static_cast<char>(number >> (8 * at)));
}

// Section 4: filled up to whole blocks of 64 bytes, with the count of bits at the end.
std::string pad(std::string_view text) {
  std::string out{text};
  out.push_back('\x80');
  while (out.size() % 64 != 56) out.push_back('\0');
  append_number(out, 8 * std::uint64_t{text.size()}, 8);
  return out;
}

// Section 6.1
std::string sha1(std::string_view text) {
  std::array<std::uint32_t, 5> hash{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  const std::string padded = pad(text);
  for (std::size_t block = 0; block < padded.size(); block += 64) {
    std::array<std::uint32_t, 80> words{};
    for (std::size_t at = 0; at < 64; ++at) {
      words[at / 4] = (words[at / 4] << 8U) | byte_at(padded, block + at);
    }
    for (std::size_t at = 16; at < words.size(); ++at) {
      words[at] = std::rotl(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], 1);
    }
    auto [a, b, c, d, e] = hash;
    for (std::size_t at = 0; at < words.size(); ++at) {
      const std::array<std::uint32_t, 4> functions{(b & c) | (~b & d), b ^ c ^ d,
                                                   (b & c) | (b & d) | (c & d), b ^ c ^ d};
      constexpr std::array<std::uint32_t, 4> constants{0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC,
                                                       0xCA62C1D6};
      const std::uint32_t next =
          std::rotl(a, 5) + functions[at / 20] + e + words[at] + constants[at / 20];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::array<std::uint32_t, 5> added{a, b, c, d, e};
    for (std::size_t at = 0; at < hash.size(); ++at) hash[at] += added[at];
  }
  std::string out;
  for (const std::uint32_t word : hash) append_number(out, word, 4);
  return out;
}

// --- Sec-WebSocket-Extensions (RFC 6455, section 9.1; RFC 7692) ---------------------------------

// A mark, a token or a quoted-string: `kind` is the mark, `t` or `q`.
struct Lexeme {
  char kind = '\0';
  std::string text{};
};

// Where a quoted-string is at the front of the text, takes it off, unescaped. It has to be a token.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string unescaped;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return is_token(unescaped) ? std::optional{unescaped} : std::nullopt;
    }
    if (text[at] == '\\') ++at;
    if (at < text.size()) unescaped.push_back(text[at]);
  }
  return {};
}

std::optional<std::vector<Lexeme>> parse_lexemes(std::string_view text) {
  std::vector<Lexeme> lexemes;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const char front = text.front();
    if (front == '"') {
      const auto quoted = take_quoted(text);
      if (!quoted) return {};
      lexemes.push_back({.kind = 'q', .text = *quoted});
    } else if (is_token_character(front)) {
      const auto* const end = std::find_if_not(text.begin(), text.end(), is_token_character);
      lexemes.push_back({.kind = 't', .text = {text.begin(), end}});
      text.remove_prefix(lexemes.back().text.size());
    } else {
      if (front != ',' && front != ';' && front != '=') return {};
      lexemes.push_back({.kind = front});
      text.remove_prefix(1);
    }
  }
  return lexemes;
}

struct Parameter {
  std::string name;  // in lower case
  std::optional<std::string> value{};
};

struct Extension {
  std::string name;  // in lower case
  std::vector<Parameter> parameters{};
};

// The kinds of an extension's lexemes stand in one word, so that its grammar can be told from it.
std::optional<Extension> parse_extension(const std::vector<Lexeme>& lexemes) {
  if (lexemes.front().kind != 't') return {};
  Extension extension{.name = lower(lexemes.front().text)};
  std::size_t at = 1;
  const auto kinds = [&](std::string_view expected) {
    for (std::size_t behind = 0; behind < expected.size(); ++behind) {
      const bool is_there = at + behind < lexemes.size();
      if (!is_there || lexemes[at + behind].kind != expected[behind]) return false;
    }
    return true;
  };
  while (at < lexemes.size()) {
    if (!kinds(";t")) return {};
    extension.parameters.push_back({.name = lower(lexemes[at + 1].text)});
    at += 2;
    if (!kinds("=")) continue;
    if (!kinds("=t") && !kinds("=q")) return {};
    extension.parameters.back().value = lexemes[at + 1].text;
    at += 2;
  }
  return extension;
}

std::optional<std::vector<Extension>> parse_extensions(std::string_view line) {
  const auto lexemes = parse_lexemes(line);
  if (!lexemes) return {};
  std::vector<std::vector<Lexeme>> elements{{}};
  for (const Lexeme& lexeme : *lexemes) {
    if (lexeme.kind == ',') {
      elements.emplace_back();
    } else {
      elements.back().push_back(lexeme);
    }
  }
  std::vector<Extension> extensions;
  for (const std::vector<Lexeme>& element : elements) {
    if (element.empty()) continue;
    const auto extension = parse_extension(element);
    if (!extension) return {};
    extensions.push_back(*extension);
  }
  return extensions;
}

// Nothing, if the offer has to be declined.
std::optional<Agreement> agreement_on(const Extension& extension) {
  const std::set<std::string> sizes{"8", "9", "10", "11", "12", "13", "14", "15"};
  std::set<std::string> names;
  std::string server_bits = "none";
  if (extension.name != "permessage-deflate") return {};
  for (const Parameter& parameter : extension.parameters) {
    if (!names.insert(parameter.name).second) return {};
    const bool is_size = parameter.value && sizes.contains(*parameter.value);
    if (parameter.name == "server_max_window_bits") {
      if (!is_size) return {};
      server_bits = *parameter.value;
    } else if (parameter.name == "client_max_window_bits") {
      if (parameter.value && !is_size) return {};
    } else if (parameter.name == "server_no_context_takeover" ||
               parameter.name == "client_no_context_takeover") {
      if (parameter.value) return {};
    } else {
      return {};
    }
  }
  if (server_bits == "8") return {};
  if (server_bits == "none") return Agreement{.compression = Compression::wide};
  return Agreement{.compression = server_bits == "15" ? Compression::wide : Compression::narrow,
                   .is_window_named = true};
}

// Nothing, if the grammar is broken.
std::optional<Agreement> negotiate(const std::vector<std::string_view>& lines) {
  std::vector<Extension> all;
  for (const std::string_view line : lines) {
    const auto extensions = parse_extensions(line);
    if (!extensions) return {};
    all.insert(all.end(), extensions->begin(), extensions->end());
  }
  if (!lines.empty() && all.empty()) return {};
  for (const Extension& extension : all) {
    if (const auto agreement = agreement_on(extension)) return agreement;
  }
  return Agreement{};
}

// --- Origin -------------------------------------------------------------------------------------

bool contains_text(const std::vector<std::string>& texts, std::string_view text) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& one) { return lower(one) == lower(text); });
}

bool is_allowed_origin(std::string_view origin, std::string_view host,
                       const HandshakePolicy& policy) {
  if (contains_text(policy.allowed_origins, origin)) return true;
  const auto here = parse_authority(host);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!here || !lower(origin).starts_with(scheme)) continue;
    const auto page = parse_authority(origin.substr(scheme.size()));
    if (!page) continue;
    const std::uint16_t usual = scheme == "http://" ? 80 : 443;
    const std::string name = lower(here->host);
    return lower(page->host) == name && page->port.value_or(usual) == here->port.value_or(usual) &&
           (is_address(name) || name == "localhost" || contains_text(policy.host_names, name));
  }
  return false;
}

// --- The server ---------------------------------------------------------------------------------

Status status_of(Refusal refusal) {
  if (refusal == Refusal::unsupported_version) return Status::http_version_not_supported;
  const bool is_too_much = refusal == Refusal::too_many_fields || refusal == Refusal::too_large;
  return is_too_much ? Status::header_fields_too_large : Status::bad_request;
}

Decision decide_upgrade(const Request& request, const HandshakePolicy& policy) {
  const Decision bad{.status = Status::bad_request};
  if (request.method != Method::get || request.minor_version == 0) return bad;
  if (!request.is_connection_upgrade || !request.is_upgrade_websocket) return bad;
  if (!request.version) return bad;
  if (request.version != "13") return {.status = Status::upgrade_required};
  if (!request.key || !is_key(*request.key) || request.has_body) return bad;
  const auto agreement = negotiate(request.extensions);
  if (!agreement) return bad;
  if (request.origin && !is_allowed_origin(*request.origin, request.host, policy)) {
    return {.status = Status::forbidden};
  }
  Decision decision{.status = Status::switching_protocols};
  if (policy.is_compressing) {
    decision.compression = agreement->compression;
    decision.is_window_named = agreement->is_window_named;
  }
  return decision;
}

}  // namespace

Decision decide(const RequestReading& reading, const HandshakePolicy& policy) {
  if (reading.refusal) return {.status = status_of(*reading.refusal)};
  const Request& request = reading.request;
  if (request.path != "/" && request.path != "/ws") return {.status = Status::not_found};
  const bool is_upgrade = request.is_upgrade_websocket || request.key || request.version;
  if (is_upgrade) return decide_upgrade(request, policy);
  const bool is_reading = request.method == Method::get || request.method == Method::head;
  if (!is_reading) return {.status = Status::method_not_allowed};
  return {.status = request.path == "/" ? Status::ok : Status::upgrade_required};
}

std::string switching_response(std::string_view key, const Decision& decision) {
  std::string text =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_key(key) + "\r\n";
  if (decision.compression != Compression::none) {
    text +=
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
        "client_no_context_takeover";
    if (decision.is_window_named) {
      const bool is_wide = decision.compression == Compression::wide;
      text += std::string{"; server_max_window_bits="} + (is_wide ? "15" : "9");
    }
    text += "\r\n";
  }
  return text + "\r\n";
}

// --- Keys ---------------------------------------------------------------------------------------

std::string base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t three = 0;
    for (std::size_t byte = at; byte < at + 3; ++byte) {
      three = (three << 8U) | (byte < bytes.size() ? byte_at(bytes, byte) : 0);
    }
    for (const std::uint32_t shift : {18U, 12U, 6U, 0U}) {
      out.push_back(base64_characters[(three >> shift) & 63U]);
    }
  }
  const std::size_t missing = (3 - bytes.size() % 3) % 3;
  out.resize(out.size() - missing);
  return out + std::string(missing, '=');
}

// Four characters for three bytes: 22 of them, and two `=` to fill up. What the last one has beyond
// the 16th byte is looked at by no decoder.
bool is_key(std::string_view text) {
  return text.size() == 24 && text.ends_with("==") &&
         text.substr(0, 22).find_first_not_of(base64_characters) == std::string_view::npos;
}

std::string accept_key(std::string_view key) {
  return base64(sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

// --- The client ---------------------------------------------------------------------------------

bool is_offer(std::string_view authority, std::string_view path) {
  const auto parsed = parse_authority(authority);
  return parsed && !parsed->host.empty() && path.starts_with('/') && !path.contains('#') &&
         std::all_of(path.begin(), path.end(), is_visible);
}

std::string request_of(std::string_view authority, std::string_view path, std::string_view key) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: ").append(authority);
  text.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ").append(key);
  return text.append("\r\nSec-WebSocket-Version: 13\r\n\r\n");
}

std::optional<HandshakeFault> fault_of(const Response& response, std::string_view key) {
  if (response.status != 101) return HandshakeFault::refused;
  if (response.minor_version == 0) return HandshakeFault::no_upgrade;
  if (!response.is_upgrade_websocket) return HandshakeFault::no_upgrade;
  if (!response.is_connection_upgrade) return HandshakeFault::no_upgrade;
  if (response.accept != accept_key(key)) return HandshakeFault::wrong_accept;
  if (response.has_extensions) return HandshakeFault::unexpected_extension;
  if (response.has_protocol) return HandshakeFault::unexpected_protocol;
  return {};
}

std::expected<Url, UrlError> parse_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::unexpected{UrlError::no_scheme};
  const std::string scheme = lower(text.substr(0, colon));
  for (const std::string_view encrypted : {"wss", "tls", "https", "tcps"}) {
    if (scheme == encrypted) return std::unexpected{UrlError::encrypted};
  }
  if (scheme != "tcp" && scheme != "ws") return std::unexpected{UrlError::unknown_scheme};
  const bool is_websocket = scheme == "ws";

  const std::string_view rest = text.substr(colon + 3);
  if (rest.contains('#')) return std::unexpected{UrlError::fragment};
  const std::string_view before_query = split(rest, '?').front();
  const std::string_view authority = split(before_query, '/').front();
  const std::string path{rest.substr(authority.size())};
  const auto parsed = parse_authority(authority);
  if (!parsed) return std::unexpected{UrlError::bad_authority};
  std::string host = parsed->host;
  if (host.empty()) return std::unexpected{UrlError::no_host};
  if (host.front() == '[') host = host.substr(1, host.size() - 2);

  if (!is_websocket && !path.empty() && path != "/") {
    return std::unexpected{UrlError::stray_path};
  }
  if (!is_websocket && !parsed->port) return std::unexpected{UrlError::no_port};
  if (!std::all_of(path.begin(), path.end(), is_visible)) {
    return std::unexpected{UrlError::bad_path};
  }
  if (parsed->port == 0) return std::unexpected{UrlError::no_port};
  return Url{.transport = is_websocket ? Transport::websocket : Transport::lines,
             .host = host,
             .port = parsed->port.value_or(80),
             .path = path.starts_with('/') ? path : "/" + path};
}

}  // namespace lastword::fuzz::reference
