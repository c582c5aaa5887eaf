#!/bin/sh
# limit: 60
# The manual: a page for every program, every setting and every option; pages are well-formed, render, and name pages that exist.
. "$(dirname "$0")/lib.sh"

source=$here/source
[ -d "$source" ] || source=$here
cd "$source" || exit 1
command -v mandoc >/dev/null || { skip "manual" "needs mandoc"; exit 0; }

page_of() { ls man/"$1".[1-9] 2>/dev/null; }
# as plain text: bold is a character, a backspace and the character again
rendered() { mandoc -T ascii "$1" | sed "s/.$(printf '\b')//g"; }
# what stands under a heading of a page
section() { awk -v want="$2" '/^[A-Z]/ { on = $0 == want; next } on' "$1"; }

programs_have_pages() {
  for p in bin/*; do page_of "${p#bin/}" >/dev/null || { echo "$p has no page"; return 1; }; done
}
files_have_pages() { for p in aliases.5 forward.5 tern-control.5; do [ -e "man/$p" ] || { echo "no $p"; return 1; }; done; }
check "every program has a page" programs_have_pages
check "so have the files that people write" files_have_pages
check "pages are well-formed" mandoc -T lint -W warning man/*
mkdir "$work/text"
for p in man/*; do rendered "$p" >"$work/text/${p#man/}" 2>"$work/errors"; done
render() { for p in man/*; do [ "$(wc -l <"$work/text/${p#man/}")" -gt 20 ] && [ -n "$(section "$work/text/${p#man/}" NAME)" ] || { echo "$p"; return 1; }; done; }
check "they render" render
headed() { # of programs: what ends them, and what else there is
  for p in bin/*; do
    t=$work/text/$(basename "$(page_of "${p#bin/}")")
    for h in SYNOPSIS DESCRIPTION "EXIT STATUS" "SEE ALSO"; do grep -qx "$h" "$t" || { echo "$p: no $h"; return 1; }; done
  done
}
check "a program's page has the usual headings" headed
references() {
  sed -n 's/^\.Xr \([^ ]*\) \([1-9]\).*/\1.\2/p' man/* | sort -u | while read -r r; do
    case $r in passwd.5 | resolv.conf.5 | fcntl.2 | group.5 | procmail.1 | cron.8 | sysexits.3 | virtual.5 | systemd.1) continue;; esac
    [ -e "man/$r" ] || echo "$r"
  done >"$work/unknown"
  [ ! -s "$work/unknown" ] || { cat "$work/unknown"; false; }
}
check "a page that is named exists" references
named() { for p in man/*; do n=${p#man/}; grep -lE "^\.Xr ${n%.*} ${n##*.}" man/* | grep -qvx "$p" || { echo "no page names $n"; return 1; }; done; }
check "every page is named by another" named

# ---- settings: each one, with its default
settings() {
  sed -n 's/^ *\[CONTROL_[A-Z]*\] = {"\([a-z]*\)", CONTROL_\([A-Z]*\), \("\([^"]*\)"\)\{0,1\}.*/\1 \2 \4/p' lib/control_table.c >"$work/settings"
  [ "$(wc -l <"$work/settings")" = "$(grep -c '^ *\[CONTROL_' lib/control_table.c)" ] || { echo "the table is not understood"; return 1; }
  while read -r name kind default; do
    grep -qE "^\.It Va ([a-z]+ , )*$name( |\$)" man/tern-control.5 || { echo "$name is not there"; return 1; }
    [ "$kind" != NUMBER ] || awk -v name="$name" '/^\.(It|El|Ss|Sh)/ { on = 0 } $1 == ".It" && index($0 " ", " " name " ") { on = 1 } on' man/tern-control.5 |
      grep -qw "$default" || { echo "$name: its default is $default"; return 1; }
  done <"$work/settings"
}
check "every setting is in tern-control(5), with its default" settings
no_more() { sed -n 's/^\.It Va //p' man/tern-control.5 | tr -d ',' | tr ' ' '\n' | grep . | while read -r n; do grep -q "^$n " "$work/settings" || echo "$n"; done | { ! grep .; }; }
check "and nothing else" no_more

# ---- options of sendmail
options() {
  sed -n "s/^ *{'\(.\)', [A-Z]*, .*/\1/p" tools/options.c >"$work/options"
  [ "$(wc -l <"$work/options")" -gt 25 ] || { echo "the table is not understood"; return 1; }
  while read -r o; do grep -qE -- "(^|[^A-Za-z])-$o" "$work/text/sendmail.8" || { echo "-$o"; return 1; }; done <"$work/options"
}
check "every option of sendmail is in sendmail(8)" options
modes() { for m in $(sed -n 's/.*letters\[\] = "\([a-z]*\)".*/\1/p' tools/options.c | sed 's/./& /g'); do grep -q -- "-b$m" "$work/text/sendmail.8" || { echo "-b$m"; return 1; }; done; }
check "and every mode" modes

# ---- texts: what they name is there
named_files() {
  for f in $(grep -ohE '\]\(([a-z]+/)?[A-Za-z.-]+\)' README.md | sed 's/^](//; s/)$//'); do [ -e "$f" ] || { echo "README.md: $f"; return 1; }; done
  for w in $(grep -ohE '/share/tern/[a-z.]+' INSTALL | sort -u); do [ -e "service/${w##*/}" ] || { echo "INSTALL: $w"; return 1; }; done
}
check "README and INSTALL name files that are there" named_files
rooms() { for r in smtpd queue send alias local remote tools; do [ -e "$r/README.md" ] && grep -q "$r/README.md" README.md || { echo "$r"; return 1; }; done; }
check "every room has its README" rooms
finish
