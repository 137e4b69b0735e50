#include "net/prompt.h"

#include <histedit.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cwchar>
#include <utility>

#include "core/check.h"
#include "net/terminal_text.h"

namespace lastword {

namespace {

// For as long as it lives, this thread's characters are UTF-8: libedit asks the C library how wide
// they are, and encodes them with it. The program's locale stays as it is.
class Utf8Locale {
 public:
  Utf8Locale() : before_{::uselocale(utf8())} {}
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() { ::uselocale(before_); }

 private:
  static locale_t utf8() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    LASTWORD_CHECK(locale != nullptr);  // glibc has it built in
    return locale;
  }

  locale_t before_;
};

// On Linux a wchar_t is a code point.
static_assert(sizeof(wchar_t) == sizeof(char32_t));

std::wstring to_wide(std::string_view utf8) {
  const std::u32string characters = TerminalKeys{}.feed(utf8);
  return {characters.begin(), characters.end()};
}

std::string to_narrow(std::wstring_view text) {
  return to_utf8(std::u32string{text.begin(), text.end()});
}

ssize_t append(void* screen, const char* bytes, std::size_t size) {
  static_cast<std::string*>(screen)->append(bytes, size);
  return static_cast<ssize_t>(size);
}

std::FILE* open_screen(std::string& screen) {
  const cookie_io_functions_t functions{
      .read = nullptr, .write = append, .seek = nullptr, .close = nullptr};
  std::FILE* file = ::fopencookie(&screen, "w", functions);
  LASTWORD_CHECK(file != nullptr);
  return file;
}

// The row that a text's end is in, where the first has the number 0.
std::size_t row_of_end(std::wstring_view text, std::size_t columns) {
  std::size_t cells = 0;
  for (const wchar_t each : text) {
    if (each == L'\t') {
      cells = (cells | 7U) + 1;
      continue;
    }
    const auto width = static_cast<std::size_t>(std::max(::wcwidth(each), 0));
    // One that is two cells wide does not stand half on the next row.
    if (cells % columns + width > columns) cells += columns - cells % columns;
    cells += width;
  }
  return cells / columns;
}

}  // namespace

void Prompt::EndEditor::operator()(editline* editor) const { ::el_end(editor); }
void Prompt::EndHistory::operator()(historyW* history) const { ::history_wend(history); }

bool Prompt::is_possible(int input, int output) {
  if (::isatty(input) == 0 || ::isatty(output) == 0) return false;
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr) return false;
  const std::string_view name{terminal};
  return !name.empty() && name != "dumb" && name != "emacs";
}

Prompt::Prompt(boost::asio::io_context& context, StandardOutput& output, Options options,
               InputHandlers handlers)
    : context_{context},
      output_{output},
      options_{std::move(options)},
      handlers_{std::move(handlers)},
      input_{context, options_.input, SharedDescriptor::Direction::input, [this] { turn(); }},
      signals_{context, SIGWINCH, SIGTSTP},
      mode_{options_.input},
      text_{to_wide(options_.text)},
      file_{open_screen(screen_)},
      history_{::history_winit()} {
  LASTWORD_CHECK(is_possible(options_.input, options_.output));
  LASTWORD_CHECK(handlers_.line && handlers_.ended && history_);
  set_up_editor();
  await_signal();
}

Prompt::~Prompt() {
  const Utf8Locale locale;
  editor_.reset();
}

// --- The editor ----------------------------------------------------------------------------------

void Prompt::set_up_editor() {
  const Utf8Locale locale;
  editor_.reset(::el_init_fd("lastword", file_.get(), file_.get(), file_.get(), options_.input,
                             options_.output, options_.output));
  LASTWORD_CHECK(editor_);
  editline* editor = editor_.get();
  ::el_wset(editor, EL_CLIENTDATA, this);
  ::el_wset(editor, EL_SIGNAL, 0);
  ::el_wset(editor, EL_PROMPT, &Prompt::draw_prompt);
  ::el_wset(editor, EL_GETCFN, &Prompt::next_key);
  ::el_wset(editor, EL_HIST, ::history_w, history_.get());
  ::el_wset(editor, EL_EDITOR, L"emacs");
  bind_keys();

  HistEventW event{};
  ::history_w(history_.get(), &event, H_SETSIZE, options_.history_max);
  ::history_w(history_.get(), &event, H_SETUNIQUE, 1);  // no two that are equal in a row

  std::fflush(file_.get());
  screen_.clear();                      // complaints about $TERM
  ::el_wset(editor, EL_UNBUFFERED, 1);  // one key at a time; draws the prompt
  show();
}

void Prompt::bind_keys() {
  struct Binding {
    char32_t key;
    const wchar_t* command;
  };
  constexpr char32_t control = 0x1F;
  constexpr Binding bindings[] = {
      {key::redraw, L"ed-redisplay"},
      {key::start_over, L"ed-start-over"},
      {key::delete_forward, L"ed-delete-next-char"},
      {key::word_left, L"ed-prev-word"},
      {key::word_right, L"em-next-word"},
      {key::delete_word_left, L"ed-delete-prev-word"},
      {key::delete_word_right, L"em-delete-next-word"},
      {U'\t', L"ed-insert"},
      // These would ask for more keys, or for a number.
      {U'Q' & control, L"ed-unassigned"},
      {U'R' & control, L"ed-unassigned"},
      {U'S' & control, L"ed-unassigned"},
      {U'V' & control, L"ed-unassigned"},
      {U'X' & control, L"ed-unassigned"},
  };
  for (const Binding& binding : bindings) {
    const std::array<wchar_t, 2> name{static_cast<wchar_t>(binding.key), L'\0'};
    ::el_wset(editor_.get(), EL_BIND, name.data(), binding.command, nullptr);
  }
}

Prompt& Prompt::self(editline* editor) {
  void* prompt = nullptr;
  ::el_wget(editor, EL_CLIENTDATA, &prompt);
  return *static_cast<Prompt*>(prompt);
}

// 0 says that there is nothing more, which ends a command that asks all the same.
int Prompt::next_key(editline* editor, wchar_t* key) {
  *key = static_cast<wchar_t>(std::exchange(self(editor).pressed_, 0));
  return *key == 0 ? 0 : 1;
}

// libedit asks for the prompt when it is about to draw. Behind `redraw` that is after it has wiped
// out what it had drawn, with the cursor where that began: there the lines from outside go.
wchar_t* Prompt::draw_prompt(editline* editor) {
  Prompt& prompt = self(editor);
  if (!prompt.above_.empty()) {
    std::fflush(prompt.file_.get());
    prompt.screen_ += prompt.above_;
    prompt.above_.clear();
  }
  return prompt.text_.data();
}

std::wstring_view Prompt::typed() const {
  const LineInfoW* line = ::el_wline(editor_.get());
  return {line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer)};
}

std::size_t Prompt::cursor() const {
  const LineInfoW* line = ::el_wline(editor_.get());
  return static_cast<std::size_t>(line->cursor - line->buffer);
}

void Prompt::press(char32_t key) {
  const Utf8Locale locale;
  pressed_ = key;
  int size = 0;
  static_cast<void>(::el_wgets(editor_.get(), &size));
  pressed_ = 0;
  show();
}

void Prompt::refresh() {
  const Utf8Locale locale;
  ::el_wset(editor_.get(), EL_REFRESH);
  show();
}

void Prompt::beep() {
  ::el_beep(editor_.get());
  show();
}

// Gives what libedit has drawn to the output.
void Prompt::show() {
  std::fflush(file_.get());
  output_.write(screen_);
  screen_.clear();
}

// --- What is typed -------------------------------------------------------------------------------

void Prompt::pause() {
  is_paused_ = true;
  input_.cancel();
}

void Prompt::resume() {
  if (!std::exchange(is_paused_, false) || is_over_) return;
  if (!is_taking_) schedule();
}

void Prompt::schedule() {
  if (std::exchange(is_scheduled_, true)) return;
  boost::asio::post(context_, [this] {
    is_scheduled_ = false;
    turn();
  });
}

void Prompt::turn() {
  take_keys();  // what a pause kept back
  if (is_paused_ || is_over_) return;
  std::array<char, 4096> buffer;
  const SharedDescriptor::Result result = input_.read(buffer);
  if (result && *result > 0) {
    keys_ = decoder_.feed(std::string_view{buffer.data(), *result});
    taken_ = 0;
    take_keys();
  } else if (result) {
    end({});
  } else if (result.error() != SharedDescriptor::would_block) {
    end(result.error());
  }
  if (!is_paused_ && !is_over_) input_.wait();
}

void Prompt::take_keys() {
  is_taking_ = true;
  while (!is_paused_ && !is_over_ && taken_ < keys_.size()) take(keys_[taken_++]);
  is_taking_ = false;
}

void Prompt::take(char32_t key) {
  if (key == key::end_of_input) return take_end_of_input();
  const bool is_character = key >= 0x20 && key != 0x7F;
  const bool is_inserted = key == U'\t' || (is_character && (key < 0x80 || key > 0x9F));
  if (is_inserted && typed().size() >= options_.line_max) return beep();
  press(key);
  if (typed().ends_with(L'\n')) finish_line();
}

void Prompt::take_end_of_input() {
  if (typed().empty()) return end({});
  if (cursor() == typed().size()) return beep();
  press(key::delete_forward);
}

void Prompt::finish_line() {
  std::wstring line{typed()};
  line.pop_back();
  press(key::start_over);
  remember(line);
  handlers_.line(to_narrow(line));
}

void Prompt::remember(const std::wstring& line) {
  if (line.empty()) return;
  const Utf8Locale locale;
  HistEventW event{};
  ::history_w(history_.get(), &event, H_ENTER, line.c_str());
}

void Prompt::end(std::error_code error) {
  is_over_ = true;
  handlers_.ended(error);
}

bool Prompt::interrupted() {
  if (is_closed_ || typed().empty()) return false;
  press(key::start_over);
  return true;
}

// --- What is shown -------------------------------------------------------------------------------

void Prompt::print_above(std::string_view line) { print_above_as_is(shown_harmlessly(line)); }

void Prompt::print_above_as_is(std::string_view text) {
  if (is_closed_) return output_.write(std::string{text} + "\r\n");
  above_ = std::string{text} + "\r\n";
  press(key::redraw);
}

void Prompt::set_text(std::string text) {
  options_.text = std::move(text);
  text_ = to_wide(options_.text);
  if (!is_closed_) press(key::redraw);
}

void Prompt::close() {
  if (std::exchange(is_closed_, true)) return;
  pause();
  is_over_ = true;
  signals_.cancel();
  text_.clear();
  press(key::start_over);
  press(key::redraw);
  ::el_wset(editor_.get(), EL_PREP_TERM, 0);
  TerminalMode::restore();
}

// --- The terminal --------------------------------------------------------------------------------

void Prompt::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int signal) {
    if (error || is_closed_) return;
    if (signal == SIGWINCH) {
      resized();
    } else {
      stopped();
    }
    await_signal();
  });
}

// Most terminals break lines anew at the new width, what we have drawn too: where that begins now
// follows from its length. (libedit by itself would go by the old width.) One that doesn't may keep
// a remnant of the old prompt on its screen, or lose a row above it.
void Prompt::resized() {
  const Utf8Locale locale;
  winsize size{};
  if (::ioctl(options_.output, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return;
  const std::wstring before_cursor = text_ + std::wstring{typed().substr(0, cursor())};
  const std::size_t row = row_of_end(before_cursor, size.ws_col);
  if (row > 0) screen_ += "\x1b[" + std::to_string(row) + "A";
  screen_ += "\r\x1b[J";
  ::el_resize(editor_.get());
  refresh();
}

// Ctrl-Z: stops as if we didn't handle the signal, but with the terminal as it was. `raise` returns
// when somebody lets us go on.
void Prompt::stopped() {
  ::el_wset(editor_.get(), EL_PREP_TERM, 0);
  TerminalMode::restore();
  signals_.remove(SIGTSTP);
  ::raise(SIGTSTP);
  signals_.add(SIGTSTP);
  ::el_wset(editor_.get(), EL_PREP_TERM, 1);
  ::el_resize(editor_.get());
  refresh();
}

}  // namespace lastword
