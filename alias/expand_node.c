/* expand_node - the node of what a step found, with the address that it has as a member of an answer. */
#include <string.h>
#include <skalibs/bytestr.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "alias/expand_node.h"

/* "name", or "name+ext", as an address of this machine, into x->address. */
static int make_address(expander *x, char const *name, size_t len, char const *ext, size_t elen)
{
  stralloc raw = STRALLOC_ZERO;
  char delimiter = step_delimiter(x->k);
  int ok = stralloc_catb(&raw, name, len);
  if (ok && elen && delimiter)
    ok = stralloc_append(&raw, delimiter) && stralloc_catb(&raw, ext, elen);
  x->address.len = 0;
  ok = ok && address_quote(raw.s, raw.len, &x->address) && stralloc_append(&x->address, '@') &&
       stralloc_cats(&x->address, control_line(x->k->settings, CONTROL_ME));
  stralloc_free(&raw);
  return ok;
}

static int set_address(expander *x, uint32_t i, enum envelope_final final)
{
  graph_span span;
  if (!graph_keep(&x->g, &span, x->address.s, x->address.len))
    return 0;
  graph_at(&x->g, i)->address = span;
  graph_at(&x->g, i)->final = (unsigned char) final;
  return 1;
}

uint32_t expand_node_failed(expander *x, enum graph_kind kind, char const *s, size_t len, result const *why)
{
  int fresh;
  uint32_t i = graph_node_of(&x->g, kind, s, len, "", 0, &fresh);
  return i == GRAPH_NONE || (fresh && !graph_fail(&x->g, i, why)) ? GRAPH_NONE : i;
}

static uint32_t user_node(expander *x)
{
  step const *s = &x->s;
  int fresh;
  uint32_t i = graph_node_of(&x->g, GRAPH_USER, s->name.s, s->name.len, s->ext.s, s->ext.len, &fresh);
  if (i == GRAPH_NONE || !fresh)
    return i;
  if (!make_address(x, s->name.s, s->name.len, s->ext.s, s->ext.len))
    return GRAPH_NONE;
  return set_address(x, i, FINAL_USER) ? i : GRAPH_NONE;
}

uint32_t expand_node_commands(expander *x, char const *name, size_t len)
{
  int fresh;
  uint32_t i;
  if (!make_address(x, name, len, "", 0))
    return GRAPH_NONE;
  i = graph_node_of(&x->g, GRAPH_COMMANDS, name, len, "", 0, &fresh);
  return i != GRAPH_NONE && fresh && !set_address(x, i, FINAL_ALIAS) ? GRAPH_NONE : i;
}

/* Two addresses that differ in the case of their domains are one. */
static uint32_t foreign_node(expander *x, char const *s, size_t len)
{
  size_t at = address_domain(s, len);
  int fresh;
  uint32_t i;
  if (!stralloc_copyb(&x->address, s, len))
    return GRAPH_NONE;
  case_lowerb(x->address.s + at, len - at);
  i = graph_node_of(&x->g, GRAPH_ELSEWHERE, x->address.s, len, "", 0, &fresh);
  if (i == GRAPH_NONE || !fresh)
    return i;
  memcpy(x->address.s, s, len);
  return set_address(x, i, FINAL_NOT) ? i : GRAPH_NONE;
}

/* As a member it fails in the new message, and the bounce goes to whom that is from. */
static uint32_t unknown_node(expander *x, char const *s, size_t len, enum step_mode mode)
{
  uint32_t i;
  if (!stralloc_copyb(&x->address, s, len))
    return GRAPH_NONE;
  if (address_domain(s, len) == len &&
      (!stralloc_append(&x->address, '@') ||
       !stralloc_cats(&x->address, control_line(x->k->settings, CONTROL_ME))))
    return GRAPH_NONE;
  i = expand_node_failed(x, GRAPH_UNKNOWN, x->address.s, x->address.len, &x->s.why);
  return i != GRAPH_NONE && !set_address(x, i, mode == STEP_USER_ONLY ? FINAL_USER : FINAL_NOT) ? GRAPH_NONE
                                                                                                : i;
}

static uint32_t leading_node(expander *x)
{
  step const *s = &x->s;
  int virtual = s->kind == STEP_VIRTUAL, fresh;
  uint32_t i = s->kind == STEP_REDIRECT
                   ? graph_node_of(&x->g, GRAPH_REDIRECT, s->to, strlen(s->to), "", 0, &fresh)
                   : graph_node_of(&x->g, virtual ? GRAPH_VIRTUAL : GRAPH_ALIAS, s->name.s, s->name.len,
                                   virtual ? s->ext.s : "", virtual ? s->ext.len : 0, &fresh);
  if (i != GRAPH_NONE && fresh) {
    graph_at(&x->g, i)->e = s->e;
    graph_at(&x->g, i)->to = s->to;
  }
  return i;
}

/* The node of the step that was taken for s. */
uint32_t expand_node(expander *x, char const *s, size_t len, enum step_mode mode)
{
  if (x->s.kind == STEP_ALIAS && mode == STEP_ALIAS_ONLY)
    return expand_node_commands(x, x->s.name.s, x->s.name.len);
  switch (x->s.kind) {
  case STEP_USER: return user_node(x);
  case STEP_ELSEWHERE: return foreign_node(x, s, len);
  case STEP_UNKNOWN: return unknown_node(x, s, len, mode);
  case STEP_LATER: return expand_node_failed(x, GRAPH_FAILED, s, len, &x->s.why);
  default: return leading_node(x);
  }
}
