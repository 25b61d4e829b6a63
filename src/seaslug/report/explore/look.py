"""How the browser looks; colours are those of the theme."""

CSS = """
Screen { layout: vertical; }
#title { height: 1; background: $primary; color: $text; text-style: bold; }
#tabs { height: 1; link-style: none; link-style-hover: reverse; link-color: $text; }
#body { height: 1fr; }
#left { width: 34%; min-width: 28; max-width: 64; }
Rows { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; overflow-x: auto; }
#layers { height: auto; max-height: 40%; min-height: 3; border: none;
  border-top: solid $foreground 40%; }
#details { height: 1fr; border: none; border-top: solid $foreground 40%; }
#left.away { display: none; }
#right { width: 1fr; border-left: solid $foreground 40%; }
#right > Rows { height: 1fr; border: none; border-top: solid $foreground 40%; display: none; }
#right > .shown { display: block; }
#layers:focus, #details:focus, #right > Rows:focus { border-top: heavy $accent;
  border-title-style: bold; border-title-color: $accent; }
Lines { height: 1fr; }
#more { height: auto; max-height: 5; padding: 0 1; color: $text-muted; display: none; }
#more.shown { display: block; }
#prompt { display: none; height: 3; border: round $accent; }
#prompt.asked { display: block; }
ModalScreen { align: center middle; }
#choice { width: 66; border: round $accent; background: $surface; max-height: 90%; }
#help { width: 80; max-width: 100%; height: 36; max-height: 100%;
  border: round $accent; background: $surface; }
Rows .rows--cursor, .rows--cursor { text-style: reverse; }
.rows--chosen { background: $panel; text-style: bold; }
.rows--dim { color: $text-muted; }
.rows--size { color: $text-secondary; }
.rows--folder { text-style: bold; color: $text-primary; }
.rows--added { color: $text-success; }
.rows--changed { color: $text-warning; }
.rows--lost { color: $text-error; }
.rows--removed { color: $text-error; text-style: strike; }
.rows--same { color: $text-muted; text-style: italic; }
.rows--fatal { color: $text-error; text-style: bold reverse; }
.rows--error { color: $text-error; text-style: bold; }
.rows--warn { color: $text-warning; text-style: bold; }
.rows--info { color: $text-primary; }
.rows--head { text-style: bold underline; }
"""
