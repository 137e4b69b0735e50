// The story as a page: the verdict, the space-time diagram, what it means, how to get it again.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "sim/display_text.h"
#include "sim/story.h"
#include "sim/story_diagram.h"
#include "sim/svg.h"

namespace lastword::sim {

namespace {

using svg::Point;

// For any bytes.
std::string page_text(std::string_view bytes) { return svg::escape(printable(bytes)); }

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2430; --soft: #596475;
  --line: #c5ccd6; --panel: #f3f5f8; --blue: #1c5cc0; --red: #c01f2e; --amber: #9a5b00;
  --violet: #7338a8; --red-panel: #fdf0f0; --green: #1c7a3d; --green-panel: #eef8f0; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181e; --ink: #e6eaf0; --soft: #9aa6b6;
  --line: #465160; --panel: #1e242c; --blue: #7db1ff; --red: #ff7d86; --amber: #f2b04a;
  --violet: #c79bf2; --red-panel: #331c20; --green: #74d696; --green-panel: #17291d; } }
body { margin: 0; padding: 24px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, section { max-width: 1000px; }
h1 { font-size: 20px; margin: 0 0 12px; }
h2 { font-size: 16px; margin: 28px 0 8px; }
p { margin: 6px 0; }
.verdict { border-left: 5px solid var(--green); background: var(--green-panel);
  padding: 10px 16px; margin: 8px 0 20px; border-radius: 0 6px 6px 0; }
.verdict.broken { border-color: var(--red); background: var(--red-panel); }
.verdict strong { font-size: 17px; }
.diagram { margin: 8px 0; }
.legend svg { height: 24px; width: 44px; vertical-align: middle; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 22px; color: var(--soft); font-size: 13px;
  list-style: none; padding: 0; margin: 8px 0; max-width: 1000px; }
pre { background: var(--panel); padding: 12px 14px; border-radius: 6px; font-size: 13px;
  line-height: 1.35; overflow-x: auto; }
pre, svg text, .mono { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono",
  "Liberation Mono", monospace; }
pre.command { user-select: all; white-space: pre-wrap; overflow-wrap: anywhere;
  border: 1px solid var(--line); }
dt { font-weight: 600; margin-top: 10px; }
dd { margin: 0 0 6px 0; }
ul.choices { columns: 22em; padding-left: 20px; font-size: 13px; }
svg { display: block; }
.legend svg { display: inline-block; }
svg.heading { position: sticky; top: 0; z-index: 1; background: var(--paper); }
svg text { font-size: 12px; fill: var(--ink); }
rect.name { fill: var(--panel); stroke: var(--line); }
text.name { font-weight: 600; }
text.time, text.waited { fill: var(--soft); }
text.time.strong { fill: var(--ink); font-weight: 600; }
line.lane { stroke: var(--line); stroke-width: 2; }
line.gap { stroke: var(--paper); stroke-width: 4; }
line.dots { stroke: var(--line); stroke-width: 2; stroke-dasharray: 2 5; }
line.wait { stroke: var(--line); stroke-width: 1; stroke-dasharray: 1 7; }
line.concerned { stroke: var(--red); stroke-width: 4; }
text.label, text.waited { paint-order: stroke; stroke: var(--paper); stroke-width: 5px;
  stroke-linejoin: round; }
.arrow { --kind: var(--blue); }
.arrow.fin { --kind: var(--violet); }
.arrow.rst, .arrow.lost { --kind: var(--red); }
.arrow .shaft { stroke: var(--kind); stroke-width: 2; }
.arrow .head, .arrow .tail { fill: var(--kind); }
.arrow.fin text, .arrow.rst text { fill: var(--kind); font-weight: 700; }
.arrow.lost .shaft { stroke-dasharray: 6 4; }
.arrow.lost text { fill: var(--kind); }
.arrow.travelling .shaft { stroke-dasharray: 2 4; }
.cross { stroke: var(--red); stroke-width: 2.5; stroke-linecap: round; }
.act .dot { fill: var(--ink); }
.fault .bolt { fill: var(--amber); }
.fault .halo { fill: var(--paper); }
.fault text { fill: var(--amber); font-weight: 600; }
.outcome .ring { fill: var(--paper); stroke: var(--red); stroke-width: 2; }
.outcome text { fill: var(--red); font-weight: 700; }
.other > :not(text) { opacity: 0.45; }
.other text { fill: var(--soft); font-weight: 400; }
.fault.other > * { opacity: 0.75; }
.fault.other text { fill: var(--amber); }
.other:hover > :not(text) { opacity: 1; }
g:hover .shaft { stroke-width: 3.5; }
g:hover text { text-decoration: underline; }
@media print { body { padding: 0; } svg.heading { position: static; } pre { white-space: pre-wrap; }
  details { display: none; } * { print-color-adjust: exact; } }
)css";

void append_legend(std::string& out) {
  const auto item = [&out](std::string_view css, const std::string& drawn, std::string_view text) {
    out += R"(<li><svg viewBox="0 0 44 24" aria-hidden="true"><g class=")" + std::string{css} +
           "\">" + drawn + "</g></svg> " + std::string{text} + "</li>\n";
  };
  constexpr Point from{.x = 3, .y = 8};
  constexpr Point to{.x = 41, .y = 16};
  constexpr Point middle{.x = 22, .y = 12};
  const std::string whole = svg::line("shaft", from, to) + svg::arrow_head(from, to);
  const Point before{.x = 33, .y = 14};
  out += "<ul class=\"legend\">\n";
  item("arrow bytes", whole, "bytes, from sending to arriving");
  item("arrow fin", whole, "FIN: nothing more will come");
  item("arrow rst", whole, "RST: the connection is destroyed");
  item("arrow lost", svg::line("shaft", from, before) + svg::cross(before), "never arrives");
  item("act", svg::circle("dot", middle, 4), "somebody does something");
  item("fault", svg::lightning(middle), "comes from outside: a fault, a signal");
  item("outcome", svg::circle("ring", middle, 9) + svg::cross(middle),
       "here it shows what is broken");
  item("", svg::line("concerned", {.x = 22, .y = 2}, {.x = 22, .y = 22}),
       "has to do with what is broken; all else is pale");
  out +=
      "</ul>\n<p class=\"legend\">Time goes downwards, one row for each event, not to scale. "
      "The pointer on an event shows its full text.</p>\n";
}

void append_verdict(std::string& out, const Story& story) {
  if (story.violations.empty()) {
    out += "<div class=\"verdict\"><strong>Nothing is broken.</strong></div>\n";
    return;
  }
  // The first sentence says it, the others say more.
  const Violation& violation = story.violations.front();
  const std::string seen = printable(violation.text);
  const std::size_t first_end = std::min(seen.find(". "), seen.size());
  out += "<div class=\"verdict broken\"><p><strong>" + std::string{short_name(violation.property)} +
         " broken: " + svg::escape(seen.substr(0, first_end)) +
         (first_end < seen.size() ? "." : "") + "</strong></p>\n";
  if (first_end < seen.size()) out += "<p>" + svg::escape(seen.substr(first_end + 2)) + "</p>\n";
  out += "<p>What must hold: " + svg::escape(sentence(violation.property)) + ".</p>";
  if (const std::size_t more = story.violations.size() - 1; more > 0) {
    out += "<p>" + std::to_string(more) + " more below.</p>";
  }
  out += "</div>\n";
}

void append_explanation(std::string& out, const Story& story) {
  if (!story.violations.empty()) {
    out += "<section><h2>What is broken</h2>\n<dl>\n";
    for (const Violation& violation : story.violations) {
      const std::string_view name = short_name(violation.property);
      out += "<dt>" + std::string{name} + ": " + svg::escape(sentence(violation.property)) +
             "</dt>\n<dd>" + page_text(violation.text) + "</dd>\n<dd>" +
             (name.starts_with('L') ? "It must come true in the end, once all faults are over."
                                    : "It must hold in every run, whatever happens outside.") +
             "</dd>\n";
    }
    out += "</dl></section>\n";
  }
  if (!story.choices.empty()) {
    out +=
        "<section><h2>The choices that are not boring</h2>\n<p>All others were answered with "
        "the most ordinary thing: no fault, no delay, first come first served.</p>\n"
        "<ul class=\"choices mono\">\n";
    for (const std::string& choice : story.choices) out += "<li>" + page_text(choice) + "</li>\n";
    out += "</ul></section>\n";
  }
  if (!story.replay.empty()) {
    out += "<section><h2>Tell it again</h2>\n<pre class=\"command\">" + page_text(story.replay) +
           "</pre></section>\n";
  }
}

}  // namespace

std::string to_html(const Story& story) {
  const std::string name = page_text(story.scenario) + ": " + page_text(story.title);
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      name + "</title>\n<style>" + std::string{style} + "</style>\n</head>\n<body>\n<header><h1>" +
      name + "</h1>\n";
  append_verdict(out, story);
  out += "</header>\n";
  append_legend(out);
  append_diagram(out, story);
  append_explanation(out, story);
  out += "<section><details><summary>The same as text</summary>\n<pre>" +
         svg::escape(to_text(story)) + "</pre></details></section>\n</body>\n</html>\n";
  return out;
}

}  // namespace lastword::sim
