--- What a location serves of the watched MapRuns: a page, its live events, status.json and metrics; and what it is
--- asked: why items failed.
-- SPDX-License-Identifier: MIT
--
--   location /map-runs { content_by_lua_block { require("fnf.ngx").status { dict = "fnf" } } }

local shared_state = require "fnf.ngx.shared_state"
local check = require "fnf.check"
local core = require "fnf.core"
local failures = require "fnf.ngx.failures"
local json = require "fnf.json"
local machines = require "fnf.share.machines"
local metrics = require "fnf.ngx.metrics"
local number = require "fnf.number"
local page = require "fnf.ngx.page"
local poller = require "fnf.ngx.poller"
local view = require "fnf.wait.view"

local status = {}

--- Rows of `fnf.check` for what `status` takes.
---@type table<string, fnf.Row>
status.options = {
  dict = { type = "name", required = true },
  title = { type = "name" },
  max_listeners = { type = "integer", minimum = 0 },
  explain = { type = "boolean" },
}

local CHECK_INTERVAL = 0.25 -- seconds between two polls at the dictionary for a browser that listens
local BEAT = 15 -- seconds after which silence is broken, so that nothing between gives up
local MOST_LISTENERS = 100 -- browsers that listen to one worker, unless the option says otherwise
local PACE = 10 -- a list that took a second to build is built again after so many
local GONE = 90 -- seconds without a turn after which a listener is taken for gone
local REJOIN_MS = 1000 -- after which a browser comes back
local TURN = 50 -- runs shown at a time: a few milliseconds
local LOST = 10 -- seconds after which a list that was begun is taken for given up, with the request that began it
local LIST = '{"map_runs":%s,"summary":%s,"time":%s}'

--- Called with each run of a list: thousands of them are shown in turns, between which the worker does other things.
local function give_way(count)
  if count % TURN == 0 then
    ngx.sleep(0)
  end
end

--- This machine's runs, then those of others, which nothing can be done with here.
---@return fnf.View[]
---@return string|nil note on what is known of other machines
local function views_of(shared)
  local own, now = shared:states(give_way), core.time()
  local others, unknown, hidden = shared:machines()
  local elsewhere = machines.merge(others, own)
  local views = view.all(own, now, give_way, failures.askable)
  for _, one in ipairs(view.all(elsewhere, now, give_way)) do
    views[#views + 1] = one
  end
  return views, machines.note(others, elsewhere, unknown, hidden)
end

--- The JSON text of a list; an empty one is no object.
local function list_text(views, note)
  local texts = {}
  for i, one in ipairs(views) do
    texts[i] = json.encode(one)
    give_way(i)
  end
  return LIST:format("[" .. table.concat(texts, ",") .. "]", json.encode(view.summary(views, note)),
    number.format("%.3f", core.time()))
end

local function answer(kind, text)
  ngx.header["Content-Type"] = kind
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["X-Content-Type-Options"] = "nosniff"
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

local function serve_page(shared, options)
  local nonce = core.nonce()
  ngx.header["Content-Security-Policy"] = page.policy(nonce)
  ngx.header["Referrer-Policy"] = "no-referrer"
  local views, note = views_of(shared)
  local asked = ngx.req.get_uri_args(10).q
  asked = type(asked) == "string" and asked:sub(1, 200) or nil
  answer("text/html; charset=utf-8", page.text(views, { nonce = nonce, title = options.title or "MapRuns",
    note = note, asked = asked, explain = options.explain ~= false, pause = give_way }))
end

local function serve_json(shared)
  answer("application/json", list_text(views_of(shared)))
end

local function serve_metrics(shared)
  answer("text/plain; version=0.0.4; charset=utf-8", metrics.text(shared, give_way))
end

--- By dictionary, what this worker has built: the list, of which revision, when, and who listens; `begun` is since when
--- another is being built.
local built = setmetatable({}, { __index = function(self, name)
  self[name] = { at = -math.huge, cost = 0, listeners = {} }
  return self[name]
end })

--- The event of the last change: built once for all who listen, and not so often that the worker does nothing else.
local function event(shared)
  local known, revision, now = built[shared.name], shared:revision(), core.now()
  local begun = known.begun and now - known.begun < LOST
  if revision ~= known.revision and not begun and now - known.at >= PACE * known.cost then
    known.begun = now
    local text = ("id: %d\ndata: %s\n\n"):format(revision, list_text(views_of(shared)))
    known.text, known.revision, known.begun = text, revision, nil
    known.at = core.now()
    known.cost = known.at - now
  end
  return known.revision, known.text
end

--- Those that still listen: nginx may end a request without a word to it.
local function count(listeners)
  local found, now = 0, core.now()
  for token, at in pairs(listeners) do
    if now - at > GONE then
      listeners[token] = nil
    else
      found = found + 1
    end
  end
  return found
end

--- One event for every change, until the browser or this worker goes.
local function serve_events(shared, options)
  local listeners, token = built[shared.name].listeners, {}
  if count(listeners) >= (options.max_listeners or MOST_LISTENERS) then
    ngx.header["Retry-After"] = 10
    return ngx.exit(503)
  end
  ngx.header["Content-Type"] = "text/event-stream"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["X-Accel-Buffering"] = "no"
  ngx.print(("retry: %d\n\n"):format(REJOIN_MS))
  local sent, beat = -1, core.now()
  while not ngx.worker.exiting() do
    poller.revive(shared.name)
    local now, text = core.now(), nil
    listeners[token] = now
    local revision, latest = event(shared)
    if revision ~= sent then
      sent, text = revision, latest
    elseif now - beat >= BEAT then
      text = ": still here\n\n"
    end
    if text then
      beat = now
      if not ngx.print(text) or not ngx.flush(true) then
        break
      end
    end
    ngx.sleep(CHECK_INTERVAL)
  end
  listeners[token] = nil
end

--- Whether a page of another site has sent the request: it must not spend the account's quota.
local function is_foreign()
  local site, origin = ngx.var.http_sec_fetch_site, ngx.var.http_origin
  if site then
    return site ~= "same-origin" and site ~= "none"
  end
  return origin ~= nil and origin:match "^https?://(.+)$" ~= ngx.var.http_host
end

local WORDS = { [404] = "there is no such run any more", [409] = "there is nothing to ask",
  [429] = "somebody asks already", [503] = "this worker watches nothing of this account; ask again" }

--- Find out why items of a run failed. A page with a script hears of it by its events; one without is sent back.
local function serve_explain(shared)
  ngx.req.read_body()
  local id = (ngx.req.get_post_args(10) or {}).id
  local code = is_foreign() and 403 or failures.ask(shared, type(id) == "string" and id or "")
  if ngx.var.http_sec_fetch_mode == "navigate" then
    ngx.header.Location = "./"
    return ngx.exit(303)
  end
  ngx.status = code
  if code ~= 204 then
    answer("text/plain; charset=utf-8", WORDS[code] or "refused")
  end
end

--- The page stands behind a slash, since its links are beside it: whoever left it out at the top of the site is sent
--- there, by a link that holds behind any proxy.
local function send_on(name)
  if ngx.var.uri ~= "/" .. name or name:find(".", 1, true) then
    return ngx.exit(404)
  end
  local arguments = ngx.var.args
  ngx.header.Location = "./" .. ngx.escape_uri(name) .. "/" .. (arguments and "?" .. arguments or "")
  return ngx.exit(301)
end

--- By the last part of the path.
local ROUTES = { [""] = serve_page, ["status.json"] = serve_json, metrics = serve_metrics, events = serve_events }

--- Answer the request: the page for a path that ends in a slash, else status.json, metrics or events. Raises misuse.
---@param options fnf.StatusOptions
function status.serve(options)
  local problem = check.table(options, status.options, "option")
  local shared
  if not problem then
    shared, problem = shared_state.open(options.dict)
  end
  if problem then
    error("fnf.ngx.status: " .. problem, 2)
  end
  local method = ngx.req.get_method()
  local name = ngx.var.uri:match "[^/]*$"
  local route = ROUTES[name]
  if name == "explain" and options.explain ~= false then
    if method == "POST" then
      return serve_explain(shared)
    end
    ngx.header.Allow = "POST"
    return ngx.exit(405)
  end
  if method ~= "GET" and method ~= "HEAD" then
    ngx.header.Allow = "GET, HEAD"
    return ngx.exit(405)
  elseif not route then
    return send_on(name)
  end
  poller.revive(options.dict)
  return route(shared, options)
end

return status
