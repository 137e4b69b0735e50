// The only source that includes Beast: it takes its time to compile.
#include "fuzz/beast_heads.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace lastword::fuzz::beast {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

constexpr std::uint32_t head_bytes_max = 8192;  // contract, section 2

std::string to_string(string_view text) { return {text.data(), text.size()}; }

// What `request_parser` and `response_parser` are made of, without the message that they put
// together: it would sort the fields.
template <bool is_request>
class Parser : public http::basic_parser<is_request> {
 public:
  Reading read(std::string_view text) {
    this->header_limit(head_bytes_max);
    this->skip(true);  // what follows is no body
    error_code error;
    reading_.taken = this->put(boost::asio::buffer(text.data(), text.size()), error);
    reading_.is_complete = !error && this->is_header_done();
    if (reading_.is_complete) reading_.is_connection_upgrade = this->upgrade();
    if (error && error != http::error::need_more) reading_.refusal = refusal_of(error);
    return reading_;
  }

 private:
  [[nodiscard]] Refusal refusal_of(const error_code& error) const {
    if (error == http::error::bad_content_length) return Refusal::content_length;
    if (error == http::error::multiple_content_length) return Refusal::content_length;
    if (error == http::error::bad_transfer_encoding) return Refusal::transfer_encoding;
    if (error == http::error::header_limit) return Refusal::too_large;
    if (error == http::error::bad_value) return Refusal::value;
    return reading_.has_first_line ? Refusal::line : Refusal::first_line;
  }

  void on_request_impl(http::verb /*method*/, string_view method, string_view target, int version,
                       error_code& /*error*/) override {
    reading_.has_first_line = true;
    reading_.method = to_string(method);
    reading_.target = to_string(target);
    reading_.version = static_cast<unsigned>(version);
  }

  void on_response_impl(int status, string_view reason, int version,
                        error_code& /*error*/) override {
    reading_.has_first_line = true;
    reading_.status = static_cast<unsigned>(status);
    reading_.reason = to_string(reason);
    reading_.version = static_cast<unsigned>(version);
  }

  void on_field_impl(http::field /*field*/, string_view name, string_view value,
                     error_code& /*error*/) override {
    reading_.fields.push_back({.name = to_string(name), .value = to_string(value)});
  }

  // Of no use here.
  void on_header_impl(error_code& /*error*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                         error_code& /*error*/) override {}
  std::size_t on_body_impl(string_view body, error_code& /*error*/) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/,
                            error_code& /*error*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*rest*/, string_view body,
                                 error_code& /*error*/) override {
    return body.size();
  }
  void on_finish_impl(error_code& /*error*/) override {}

  Reading reading_;
};

}  // namespace

Reading read_request(std::string_view text) { return Parser<true>{}.read(text); }

Reading read_response(std::string_view text) { return Parser<false>{}.read(text); }

}  // namespace lastword::fuzz::beast
