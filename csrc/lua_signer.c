/*
 * The signing half of module "fnf.core".
 * SPDX-License-Identifier: MIT
 *
 * One subject: both families sign with the same key and fill the same buffers.
 */
#include "lua_signer.h"

#include <string.h>

#include "buf.h"
#include "canonical.h"
#include "glue.h"
#include "sign.h"

enum {
  TEXT_LIMIT = 16 * 1024 * 1024, /* the service takes 1 MiB; encoding it twice makes nine */
  FEW_PAIRS = 32,                /* so many fit on the C stack */
  KEPT_CAPACITY = 64 * 1024      /* a larger text is not kept for the next signature */
};

/* The texts of one signature, in the order in which they come to be. */
enum text { PARAMS, HEADER_LINES, HEADER_NAMES, REQUEST, TO_SIGN, SIGNATURE, WIRE, FORM_WIRE, TEXTS };

/* Owned by its userdata, texts included, so that a Lua error leaks nothing. */
struct signer {
  struct fnf_signer *key; /* NULL: closed */
  struct fnf_buf id;
  struct fnf_buf texts[TEXTS];
};

#define SIGNER "fnf.signer"

static struct signer *new_signer(lua_State *L, size_t id_size) {
  struct signer *self = fnf_new_object(L, SIGNER, sizeof *self);
  fnf_buf_init(&self->id, id_size);
  for (int i = 0; i < TEXTS; i++)
    fnf_buf_init(&self->texts[i], TEXT_LIMIT);
  return self;
}

static int close_signer(lua_State *L) {
  struct signer *self = luaL_checkudata(L, 1, SIGNER);
  fnf_signer_free(self->key);
  self->key = NULL;
  fnf_buf_free(&self->id);
  for (int i = 0; i < TEXTS; i++)
    fnf_buf_free(&self->texts[i]);
  return 0;
}

/* What the world does to a signature is returned; a text over the cap is the caller's mistake. */
static int fail(lua_State *L, enum fnf_status status) {
  switch (status) {
  case FNF_TOO_BIG:
    return luaL_error(L, "signing failed: a text of more than 16 MiB is too big");
  case FNF_NO_MEMORY:
    return fnf_fail(L, status, "no memory to sign with");
  case FNF_UNSUPPORTED:
    return fnf_fail(L, status, "libcrypto lacks the algorithm");
  case FNF_BAD_INPUT:
    return fnf_fail(L, status, "the secret is no private key of RSA");
  default:
    return fnf_fail(L, status, "libcrypto failed");
  }
}

static int core_signer(lua_State *L) {
  enum fnf_algorithm algorithm;
  struct fnf_str name = fnf_check_str(L, 1), id = fnf_check_str(L, 2), secret = fnf_check_str(L, 3);
  luaL_argcheck(L, fnf_algorithm_find(name, &algorithm), 1, "unknown algorithm");
  struct signer *self = new_signer(L, id.size);
  fnf_buf_add(&self->id, id);
  enum fnf_status status = self->id.status;
  if (status == FNF_OK)
    status = fnf_signer_new(&self->key, algorithm, secret);
  if (status == FNF_OK)
    return 1;
  return fail(L, status);
}

/* The signer with its texts emptied, if it is open. */
static struct signer *begin(lua_State *L, struct signer *self) {
  luaL_argcheck(L, self->key, 1, "signer is closed");
  for (int i = 0; i < TEXTS; i++) {
    if (self->texts[i].capacity > KEPT_CAPACITY)
      fnf_buf_free(&self->texts[i]);
    fnf_buf_reset(&self->texts[i]);
  }
  return self;
}

static struct signer *check_signer(lua_State *L) {
  return begin(L, luaL_checkudata(L, 1, SIGNER));
}

/* The failure of a text, which sticks to it, else that of the last step. */
static enum fnf_status first_failure(const struct signer *self, enum fnf_status last) {
  for (int i = 0; i < TEXTS; i++)
    if (self->texts[i].status != FNF_OK)
      return self->texts[i].status;
  return last;
}

static struct fnf_str text(struct signer *self, enum text which) {
  return fnf_buf_str(&self->texts[which]);
}

static void push_text(lua_State *L, struct signer *self, enum text which) {
  fnf_push_str(L, text(self, which));
}

static void set_stage(lua_State *L, int stages, const char *name, struct fnf_str value) {
  if (!lua_istable(L, stages))
    return;
  fnf_push_str(L, value);
  lua_setfield(L, stages, name);
}

/* ---- pairs ---- */

/* Count of pairs in the flat array at `arg`; 0 for nil. */
static size_t count_pairs(lua_State *L, int arg) {
  if (lua_isnoneornil(L, arg))
    return 0;
  luaL_checktype(L, arg, LUA_TTABLE);
  luaL_argcheck(L, lua_rawlen(L, arg) % 2 == 0, arg, "a value is missing");
  return (size_t)lua_rawlen(L, arg) / 2;
}

static struct fnf_str element(lua_State *L, int arg, size_t index) {
  struct fnf_str value = {NULL, 0};
  lua_rawgeti(L, arg, (int)index);
  luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, arg, "not an array of strings");
  value.data = lua_tolstring(L, -1, &value.size);
  lua_pop(L, 1); /* the array keeps it alive */
  return value;
}

static void read_pairs(lua_State *L, int arg, struct fnf_pair *pairs, size_t count) {
  for (size_t i = 0; i < count; i++)
    pairs[i] = (struct fnf_pair){element(L, arg, 2 * i + 1), element(L, arg, 2 * i + 2)};
}

/* Room for that many pairs: `few`, or a userdata left on the Lua stack. */
static struct fnf_pair *pair_room(lua_State *L, struct fnf_pair *few, size_t count) {
  return count <= FEW_PAIRS ? few : lua_newuserdata(L, count * sizeof *few);
}

/* ---- the RPC family ---- */

/* What all requests of an operation by a key have in common. The closure that signs them holds it, and what it points
 * to. */
struct plan {
  size_t count;       /* of its parameters */
  size_t later;       /* and of those whose values come with each request */
  size_t time, nonce; /* which of them; or FNF_FIXED */
  int has_form;
  struct fnf_param params[];
};

enum upvalue { PLAN = 1, PLAN_SIGNER, PLAN_PLACES, PLAN_TEXT, PLAN_METHOD, PLAN_BASE };

/* Stack: ..., value. Whether it is the false that stands for one that comes later. */
static int is_later(lua_State *L) {
  return lua_isboolean(L, -1) && !lua_toboolean(L, -1);
}

/* Add the pairs at `arg`; the places of those whose values come later by their names. */
static void plan_pairs(lua_State *L, struct plan *plan, int arg, int in_form, int places) {
  size_t end = plan->count + count_pairs(L, arg);
  for (size_t at = 1; plan->count < end; plan->count++, at += 2) {
    struct fnf_param *param = &plan->params[plan->count];
    *param = (struct fnf_param){.later = FNF_FIXED, .in_form = in_form};
    param->plain.name = element(L, arg, at);
    lua_rawgeti(L, arg, (int)at + 1);
    if (is_later(L)) {
      luaL_argcheck(L, plan->later < FNF_FIXED, arg, "too many values that come later");
      param->later = plan->later++;
      fnf_push_str(L, param->plain.name);
      lua_pushinteger(L, (lua_Integer)param->later);
      lua_rawset(L, places);
    } else {
      param->plain.value = element(L, arg, at + 1);
    }
    lua_pop(L, 1);
  }
}

static size_t find_place(lua_State *L, int places, const char *name) {
  lua_getfield(L, places, name);
  size_t place = lua_isnil(L, -1) ? FNF_FIXED : (size_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return place;
}

/* Encode the parameters of a plan, and push their texts as one string, to which they point. */
static enum fnf_status encode_plan(lua_State *L, struct plan *plan, struct fnf_buf *out) {
  struct fnf_param *end = plan->params + plan->count;
  for (struct fnf_param *param = plan->params; param < end; param++) {
    size_t before = out->size;
    fnf_buf_add_encoded(out, param->plain.name);
    fnf_buf_add_char(out, '=');
    fnf_buf_add_encoded(out, param->plain.value);
    param->text.size = out->size - before;
    fnf_buf_add_encoded_twice(out, param->plain.name);
    fnf_buf_add(out, FNF_STR("%3D"));
    fnf_buf_add_encoded_twice(out, param->plain.value);
    param->twice.size = out->size - before - param->text.size;
    param->plain = (struct fnf_pair){{NULL, 0}, {NULL, 0}};
  }
  if (out->status != FNF_OK)
    return out->status;
  fnf_push_str(L, fnf_buf_str(out));
  const char *at = lua_tostring(L, -1);
  for (struct fnf_param *param = plan->params; param < end; param++) {
    param->text.data = at;
    param->twice.data = at + param->text.size;
    at += param->text.size + param->twice.size;
  }
  return FNF_OK;
}

/* Fill in the values at argument 1. 0: they are not all texts of this plan, such as what a caller has added to his
 * table since it was checked. */
static int read_values(lua_State *L, const struct plan *plan, struct fnf_str *later) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_getmetatable(L, 1)) /* what it inherits, only Lua sees */
    return 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 2)) {
    lua_pushvalue(L, -2);
    lua_rawget(L, lua_upvalueindex(PLAN_PLACES));
    if (lua_type(L, -2) != LUA_TSTRING || lua_isnil(L, -1))
      return 0;
    struct fnf_str *value = &later[lua_tointeger(L, -1)];
    value->data = lua_tolstring(L, -2, &value->size);
  }
  if (plan->time != FNF_FIXED)
    later[plan->time] = fnf_check_str(L, 2);
  if (plan->nonce != FNF_FIXED)
    later[plan->nonce] = fnf_check_str(L, 3);
  return 1;
}

static int sign_planned(lua_State *L) {
  enum { STAGES = 4 };
  const struct plan *plan = lua_touserdata(L, lua_upvalueindex(PLAN));
  struct signer *self = begin(L, lua_touserdata(L, lua_upvalueindex(PLAN_SIGNER)));
  struct fnf_buf *texts = self->texts;
  struct fnf_str few[FEW_PAIRS], *later = few;
  lua_settop(L, STAGES);
  if (plan->later > FEW_PAIRS)
    later = lua_newuserdata(L, plan->later * sizeof *later);
  memset(later, 0, plan->later * sizeof *later);
  if (!read_values(L, plan, later)) {
    lua_pushboolean(L, 0);
    return 1;
  }

  fnf_canonical_planned_rpc(&texts[TO_SIGN], fnf_check_str(L, lua_upvalueindex(PLAN_METHOD)), plan->params, plan->count,
                            later);
  enum fnf_status status = first_failure(self, fnf_sign_mac(self->key, &texts[SIGNATURE], text(self, TO_SIGN)));
  if (status != FNF_OK)
    return fail(L, status);
  fnf_buf_add(&texts[WIRE], fnf_check_str(L, lua_upvalueindex(PLAN_BASE)));
  fnf_canonical_planned(&texts[WIRE], plan->params, plan->count, later, FNF_IN_QUERY);
  fnf_buf_add(&texts[WIRE], FNF_STR("&Signature="));
  fnf_buf_add_encoded(&texts[WIRE], text(self, SIGNATURE));
  if (lua_istable(L, STAGES))
    fnf_canonical_planned(&texts[PARAMS], plan->params, plan->count, later, FNF_ANYWHERE);
  if (plan->has_form) /* signed with the rest, sent apart */
    fnf_canonical_planned(&texts[FORM_WIRE], plan->params, plan->count, later, FNF_IN_FORM);
  status = first_failure(self, FNF_OK);
  if (status != FNF_OK)
    return fail(L, status);
  set_stage(L, STAGES, "canonical_params", text(self, PARAMS));
  set_stage(L, STAGES, "string_to_sign", text(self, TO_SIGN));
  set_stage(L, STAGES, "signature", text(self, SIGNATURE));
  push_text(L, self, WIRE);
  if (!plan->has_form)
    return 1;
  push_text(L, self, FORM_WIRE);
  return 2;
}

static int signer_plan(lua_State *L) {
  enum { METHOD = 2, BASE, QUERY, FORM, NEW_PLAN, NEW_PLACES, NEW_TEXT };
  struct signer *self = check_signer(L);
  (void)fnf_check_str(L, METHOD);
  (void)fnf_check_str(L, BASE);
  lua_settop(L, FORM);
  size_t count = count_pairs(L, QUERY) + count_pairs(L, FORM);
  struct plan *plan = lua_newuserdata(L, sizeof *plan + count * sizeof *plan->params);
  *plan = (struct plan){.has_form = !lua_isnil(L, FORM)};
  lua_newtable(L);
  plan_pairs(L, plan, QUERY, FNF_IN_QUERY, NEW_PLACES);
  plan_pairs(L, plan, FORM, FNF_IN_FORM, NEW_PLACES);
  plan->time = find_place(L, NEW_PLACES, "Timestamp");
  plan->nonce = find_place(L, NEW_PLACES, "SignatureNonce");
  fnf_canonical_sort(plan->params, plan->count);
  enum fnf_status status = encode_plan(L, plan, &self->texts[PARAMS]);
  if (status != FNF_OK)
    return fail(L, status);
  static const int upvalues[] = {[PLAN] = NEW_PLAN,      [PLAN_SIGNER] = 1,      [PLAN_PLACES] = NEW_PLACES,
                                 [PLAN_TEXT] = NEW_TEXT, [PLAN_METHOD] = METHOD, [PLAN_BASE] = BASE};
  for (int i = PLAN; i <= PLAN_BASE; i++)
    lua_pushvalue(L, upvalues[i]);
  lua_pushcclosure(L, sign_planned, PLAN_BASE);
  return 1;
}

/* ---- the ACS3 family ---- */

static int signer_hash(lua_State *L) {
  struct signer *self = check_signer(L);
  enum fnf_status status = fnf_sign_hash(self->key, &self->texts[SIGNATURE], fnf_check_str(L, 2));
  if (status != FNF_OK)
    return fail(L, status);
  push_text(L, self, SIGNATURE);
  return 1;
}

static void make_request(struct signer *self, struct fnf_str method, struct fnf_str hash) {
  struct fnf_acs3 parts = {.method = method,
                           .query = text(self, PARAMS),
                           .header_lines = text(self, HEADER_LINES),
                           .header_names = text(self, HEADER_NAMES),
                           .payload_hash = hash};
  fnf_canonical_acs3(&self->texts[REQUEST], &parts);
}

static void make_authorization(struct signer *self) {
  struct fnf_buf *out = &self->texts[WIRE];
  fnf_buf_add(out, fnf_signer_name(self->key));
  fnf_buf_add(out, FNF_STR(" Credential="));
  fnf_buf_add(out, fnf_buf_str(&self->id));
  fnf_buf_add(out, FNF_STR(",SignedHeaders="));
  fnf_buf_add(out, text(self, HEADER_NAMES));
  fnf_buf_add(out, FNF_STR(",Signature="));
  fnf_buf_add(out, text(self, SIGNATURE));
}

static void set_acs3_stages(lua_State *L, struct signer *self, int stages) {
  size_t first_line = fnf_signer_name(self->key).size + 1;
  struct fnf_str to_sign = text(self, TO_SIGN);
  set_stage(L, stages, "canonical_query", text(self, PARAMS));
  set_stage(L, stages, "signed_headers", text(self, HEADER_NAMES));
  set_stage(L, stages, "canonical_request", text(self, REQUEST));
  set_stage(L, stages, "hashed_canonical_request",
            (struct fnf_str){to_sign.data + first_line, to_sign.size - first_line});
  set_stage(L, stages, "string_to_sign", to_sign);
  set_stage(L, stages, "signature", text(self, SIGNATURE));
}

static int signer_acs3(lua_State *L) {
  enum { METHOD = 2, QUERY, HEADERS, HASH, STAGES };
  struct signer *self = check_signer(L);
  struct fnf_buf *texts = self->texts;
  struct fnf_str method = fnf_check_str(L, METHOD), hash = fnf_check_str(L, HASH);
  size_t in_query = count_pairs(L, QUERY), in_headers = count_pairs(L, HEADERS);
  struct fnf_pair few[FEW_PAIRS];
  lua_settop(L, STAGES);
  struct fnf_pair *pairs = pair_room(L, few, in_query > in_headers ? in_query : in_headers);

  read_pairs(L, QUERY, pairs, in_query);
  fnf_canonical_params(&texts[PARAMS], pairs, in_query);
  read_pairs(L, HEADERS, pairs, in_headers);
  fnf_canonical_headers(&texts[HEADER_LINES], &texts[HEADER_NAMES], pairs, in_headers);
  make_request(self, method, hash);
  enum fnf_status status = fnf_sign_acs3_text(self->key, &texts[TO_SIGN], text(self, REQUEST));
  if (status == FNF_OK)
    status = fnf_sign_mac(self->key, &texts[SIGNATURE], text(self, TO_SIGN));
  make_authorization(self);
  status = first_failure(self, status);
  if (status != FNF_OK)
    return fail(L, status);
  set_acs3_stages(L, self, STAGES);
  push_text(L, self, PARAMS);
  push_text(L, self, WIRE);
  return 2;
}

/* ---- without a key ---- */

static int core_encode(lua_State *L) {
  size_t count = count_pairs(L, 1);
  struct fnf_pair few[FEW_PAIRS];
  lua_settop(L, 1);
  struct signer *scratch = new_signer(L, 0);
  struct fnf_pair *pairs = pair_room(L, few, count);
  read_pairs(L, 1, pairs, count);
  fnf_canonical_params(&scratch->texts[PARAMS], pairs, count);
  if (scratch->texts[PARAMS].status != FNF_OK)
    return fail(L, scratch->texts[PARAMS].status);
  push_text(L, scratch, PARAMS);
  return 1;
}

void fnf_open_signer(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"plan", signer_plan}, {"hash", signer_hash}, {"acs3", signer_acs3}, {"close", close_signer}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"signer", core_signer}, {"encode", core_encode}, {NULL, NULL}};
  fnf_new_class(L, SIGNER, methods, close_signer);
  fnf_register(L, functions);
}
