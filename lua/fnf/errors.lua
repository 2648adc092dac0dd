--- The error object: what the world did to a call, in one table and one log line.
-- SPDX-License-Identifier: MIT

local errors = {}

---@class fnf.Error
---@field kind "credentials"|"network"|"timeout"|"tls"|"protocol"|"service"|"cancelled"|"memory"
---@field code? string the service's code, such as "ResourceThrottled" (kind "service")
---@field status? integer the HTTP status
---@field message string one line, without anything secret
---@field request_id? string the service's id of the request
---@field operation? string the operation asked for, such as "DescribeMapRun"
---@field attempts? integer how often it was sent
---@field retryable? boolean whether the same call may succeed later
---@field retry_after? number seconds the service asked to wait
---@field outcome_unknown? boolean a write that failed may have been carried out all the same, by any of its attempts
---@field execution_name? string of an execution that may have been started
---@field misaddressed? boolean no name server knows the host, or what listens there does not speak TLS
---@field sent? boolean false if the request certainly never left this machine
---@field cause? fnf.Error why there is no key (kind "credentials"), if a call for one failed
---@field details? string several lines: each source of the default chain and its reason
---@field stalled? boolean from a wait: option `stall_after` ended it
---@field last? table from a wait: the last good answer
---@field map_runs? table[] from client:run: the MapRuns found, as last described
---@field stopped? boolean from client:run with stop_on_cancel: whether the stop was accepted
---@field report? fnf.MapRunReport from client:explain_map_run: what was found until then
---@field fits? integer from client:run_again: items that fit into one Input
---@field started? integer from client:run_again: executions that were started before it broke off
---@field again? fnf.RunAgain from client:run_again: those, and what was left
---@field observed? fnf.Observed from a wait: what was seen, counted
local Error = { __name = "fnf.Error" }
Error.__index = Error

local LONGEST = 500 -- bytes of a message: a log line, not a page
local LEAST = 8 -- bytes of a secret: one of a few letters could be part of a word
local MOST = 2000 -- bytes looked at: an answer may have megabytes, and some patterns take the square of the time

--- A pattern for a word of small letters in any case, whatever the locale (string.upper goes by it).
local function any_case(word)
  return (word:gsub("%a", function(letter) return "[" .. string.char(letter:byte() - 32) .. letter .. "]" end))
end

--- What a value follows.
local SECRETS = { any_case "signature", any_case "token", any_case "secret", any_case "password" }
local SCHEMES = { any_case "bearer", any_case "basic" } -- what credentials follow, header or no header
local AUTHORIZATION = any_case "authorization" -- a proxy's, too
local BLANK = "%z\1-\32\127" -- and control characters; %c and %s take in bytes of UTF-8 where the locale is of one byte
local SETS = "\\?[\"']?%s*[=:]%s*" -- between a name and its value, be it a header, a query or JSON

--- What follows "Bearer" or "Basic", unless it is a word of a sentence.
local function hide_credentials(scheme, word)
  if not word:find("^%u?%l*%p?$") or #word > 20 then
    return scheme .. " ..."
  end
end

--- What follows "token" or "secret", if no sentence has such a word.
local function hide_word(name, word)
  return #word >= LEAST and word:find("%d") and name .. "..." or nil
end

--- A text without the values of names that say what they hold.
local function hide_named(text)
  -- Credentials have blanks, commas and quotes in them: the header goes to the end of its line.
  text = text:gsub("(" .. AUTHORIZATION .. SETS .. ")[^%s][^\r\n]*", "%1...")
  text = text:gsub("(" .. AUTHORIZATION .. "%%)%S*", "%1...")
  for _, scheme in ipairs(SCHEMES) do
    text = text:gsub("(" .. scheme .. ")[%s:=+\"'\\]+(%S+)", hide_credentials)
    text = text:gsub("(" .. scheme .. ")%%%S+", "%1...")
  end
  for _, word in ipairs(SECRETS) do
    text = text:gsub("(" .. word .. SETS .. "\\?[\"']?)[^%s&,\"']+", "%1...")
    text = text:gsub("(" .. word .. "%%)%S*", "%1...")
    text = text:gsub("(" .. word .. "%s+)(%S+)", hide_word)
  end
  return text
end

--- One line of text without secrets: no string to sign (the service echoes it with every parameter), no query, no
--- user info, no signature, no token, no Authorization.
---@param text any
---@return string
function errors.clean(text)
  text = tostring(text)
  local cut = #text > MOST and "..." or ""
  text = text:sub(1, MOST):gsub("\r?\n[ \t]+", " ")
  text = text:gsub("[Ss]tring%s?[Tt]o%s?[Ss]ign%s+is.*", "string to sign is: (cut)"):gsub("%u+&%%2F&%S*", "(cut)")
  text = text:gsub("([Uu]nsupported proxy %a+).*", "%1") -- libcurl repeats the whole address
  text = text:gsub("//[^/%s]*@", "//"):gsub("%?[^%s\"'<>]*=[^%s\"'<>]*", "?...")
  text = hide_named(text):gsub("[" .. BLANK .. "]+", " "):gsub("^ ", ""):gsub(" $", "")
  if #text > LONGEST then
    text, cut = text:sub(1, LONGEST), "..."
  end
  return text .. cut
end

--- Make an error; its texts are cleaned.
---@param fields table
---@return fnf.Error
function errors.new(fields)
  fields.message = errors.clean(fields.message or fields.code or fields.kind)
  fields.code = fields.code and errors.clean(fields.code)
  fields.request_id = fields.request_id and errors.clean(fields.request_id)
  return setmetatable(fields, Error)
end

---- a secret that comes back ----

local LEAST_CUT = 4 -- bytes of one that a text breaks off in
local MOST_FOUND = 8 -- times that a secret is taken out of one text
local LAYERS = 3 -- of escapes: a query in a query in JSON

local digits = {} -- of Base64, by value
for digit in ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):gmatch(".") do
  digits[#digits + 1] = digit
end

--- The Base64 digits that a text has for certain, if so many other bytes stand before it and any behind.
local function base64(text, before)
  local floor, found, count = math.floor, {}, 0
  text = ("\0"):rep(before) .. text
  for at = 1, #text, 3 do
    local first, second, third = text:byte(at, at + 2)
    local value = first * 65536 + (second or 0) * 256 + (third or 0)
    found[count + 1] = digits[floor(value / 262144) + 1]
    found[count + 2] = second and digits[floor(value / 4096) % 64 + 1]
    found[count + 3] = third and digits[floor(value / 64) % 64 + 1]
    found[count + 4] = third and digits[value % 64 + 1]
    count = count + 4
  end
  return table.concat(found):sub(before == 0 and 1 or before + 2)
end

--- What to look for: the secret, and its Base64 wherever in a longer text it began, in both alphabets.
local function forms_of(secret)
  local forms = { secret }
  for before = 0, 2 do
    local form = base64(secret, before)
    forms[#forms + 1] = form
    if form:find("[+/]") then
      forms[#forms + 1] = form:gsub("+", "-"):gsub("/", "_")
    end
  end
  return forms
end

--- A text as someone may read it: its bytes, and where in the message each begins and ends.
local function view_of(text)
  local first = {}
  for index = 1, #text do
    first[index] = index
  end
  return { text = text, first = first, last = first }
end

--- The byte that an escape stands for and the escape's end: %2F, \/, \u002f, &#47;.
local function read_escape(text, at)
  local hex, stop = text:match("^%%(%x%x)()", at)
  if not hex then
    hex, stop = text:match("^\\u00(%x%x)()", at)
  end
  if not hex then
    hex, stop = text:match("^&#[xX](%x%x);()", at)
  end
  local code = hex and tonumber(hex, 16)
  if not hex then
    code, stop = text:match("^&#(%d%d%d?);()", at)
  end
  code = tonumber(code)
  if code and code < 256 then
    return string.char(code), stop - 1
  elseif text:find("^\\/", at) then
    return "/", at + 1
  end
end

--- A plain byte that blanks may have taken the place of: a plus in a query, a line break in Base64.
local function squeeze(text, at)
  local _, stop = text:find("^[%s+]+", at)
  return stop and "", stop
end

--- The view with each place that `read` knows in exchange for what it stands for; nil if there is none.
local function read_view(view, read)
  local text, bytes, first, last, at = view.text, {}, {}, {}, 1
  local changed
  while at <= #text do
    local byte, stop = read(text, at)
    changed, stop = changed or byte, stop or at
    if byte ~= "" then
      bytes[#bytes + 1] = byte or text:sub(at, at)
      first[#bytes], last[#bytes] = view.first[at], view.last[stop]
    end
    at = stop + 1
  end
  return changed and { text = table.concat(bytes), first = first, last = last }
end

--- Where the text before a place ends with a beginning of the form, or nil.
local function find_beginning(text, form, place)
  local ending = text:byte(place - 1)
  for length = math.min(#form, place) - 1, LEAST_CUT, -1 do
    if form:byte(length) == ending and text:sub(place - length, place - 1) == form:sub(1, length) then
      return place - length
    end
  end
end

--- Where a text breaks off (and says so) within a form, or nil.
local function find_cut(text, form)
  local stop, dots = text:find("%.%.%.+")
  while stop do
    local half = text:sub(math.max(1, stop - 5), stop - 1):match("[%%\\&][#%w]*$") -- of an escape
    local first = find_beginning(text, form, stop) or half and find_beginning(text, form, stop - #half)
    if first then
      return first, stop - 1
    end
    stop, dots = text:find("%.%.%.+", dots + 1)
  end
end

--- Where in its message a view shows one of the forms, or nil.
local function find_form(view, forms)
  for _, form in ipairs(forms) do
    local first, last = view.text:find(form, 1, true)
    if not first then
      first, last = find_cut(view.text, form)
    end
    if first then
      return view.first[first], view.last[last]
    end
  end
end

--- Where a text shows a secret, however it is written, or nil.
local function find_secret(text, forms, squeezed)
  local view = view_of(text)
  for _ = 0, LAYERS do
    local first, last = find_form(view, forms)
    if first then
      return first, last
    end
    local inner = read_view(view, read_escape)
    if not inner then
      break
    end
    view = inner
  end
  view = read_view(view, squeeze)
  if view then
    return find_form(view, squeezed)
  end
end

--- A text without a secret; one that shows it time and again ends there.
local function without(text, forms, squeezed)
  for count = 1, MOST_FOUND do
    local first, last = find_secret(text, forms, squeezed)
    if not first then
      break
    end
    text = text:sub(1, first - 1) .. "..." .. (count < MOST_FOUND and text:sub(last + 1) or "")
  end
  return text
end

--- Take a secret out of an error's texts, whatever brought it there: as it is, percent-encoded or otherwise escaped, or
--- in Base64. One of a few letters could be part of a word.
---@param err fnf.Error
---@param secret string|nil
function errors.hide(err, secret)
  if type(secret) ~= "string" or #secret < LEAST then
    return
  end
  local forms, squeezed = forms_of(secret), {}
  for index, form in ipairs(forms) do
    squeezed[index] = form:gsub("[%s+]+", "")
  end
  for _, field in ipairs { "message", "code", "request_id" } do
    err[field] = err[field] and without(err[field], forms, squeezed)
  end
end

--- What a call ends with once its `cancel` said so.
---@return fnf.Error
function errors.cancelled()
  return errors.new { kind = "cancelled", message = "cancelled by the caller" }
end

--- There was no memory to go on with; the same may succeed once there is.
---@param message string
---@param sent boolean|nil false if the request certainly never left this machine
---@return fnf.Error
function errors.memory(message, sent)
  return errors.new { kind = "memory", message = message, retryable = true, sent = sent }
end

--- What Lua's loader raised of a module that is read when it is first needed: there may be no descriptor left to read
--- it by, and later there is. What else was raised is raised on.
---@param raised any
---@return fnf.Error
function errors.not_loaded(raised)
  local words = type(raised) == "string" and raised:gsub("^[^\n]-:%d+: ", "") or "" -- without its place
  local line = words:match "^(module '[^'\n]+' not found):"
    or words:match "^error loading module '[^\n]+\n?[^\n]*"
  if not line then
    error(raised, 0)
  end
  return errors.new { kind = "network", retryable = true, sent = false,
    message = ("no file can be read: %s; is there a descriptor left?"):format((line:gsub("%s*\n%s*", " "))) }
end

--- Why a module in C cannot be loaded, in the loader's words: a second line of them has the linker's reason, or begins
--- the list of places where nothing was found.
---@param raised any by `require`
---@return string
function errors.words_of_loader(raised)
  local first, second = tostring(raised):match "^([^\n]*)\n?%s*([^\n]*)"
  return second:find "^no f" and first or first .. " " .. second
end

--- Whether an error says nothing about what was asked: the caller gave up, or this machine has no memory.
---@param err fnf.Error
---@return boolean
function errors.is_own(err)
  return err.kind == "cancelled" or err.kind == "memory"
end

--- No key to sign with, so nothing was sent.
---@param message string
---@param cause? fnf.Error what went wrong on the way to it; it says whether the same may succeed later
---@return fnf.Error
function errors.credentials(message, cause)
  return errors.new { kind = "credentials", message = message, cause = cause, sent = false,
    retryable = cause and cause.retryable or nil }
end

--- The same error once more, for another caller to be told: what is noted in one stays out of the other.
---@param err fnf.Error
---@return fnf.Error
function errors.copy(err)
  local copied = {}
  for name, value in pairs(err) do
    copied[name] = value
  end
  return setmetatable(copied, Error)
end

---@param value any
---@return boolean
function errors.is(value)
  return getmetatable(value) == Error
end

--- One log line: "DescribeMapRun: ResourceThrottled (429): The request is throttled. [3 attempts, request 5F..]"
function Error:__tostring()
  local parts = {}
  parts[#parts + 1] = self.operation
  if self.code then
    parts[#parts + 1] = self.status and ("%s (%d)"):format(self.code, self.status) or self.code
  else
    parts[#parts + 1] = self.status and ("%s (%d)"):format(self.kind, self.status) or self.kind
  end
  parts[#parts + 1] = self.message
  local notes = {}
  if self.attempts and self.attempts > 1 then
    notes[1] = self.attempts .. " attempts"
  end
  if self.request_id then
    notes[#notes + 1] = "request " .. self.request_id
  end
  local line = table.concat(parts, ": ")
  return #notes > 0 and ("%s [%s]"):format(line, table.concat(notes, ", ")) or line
end

--- "failed: " .. err is the line too.
function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

--- Whether what was raised is Ctrl-C, which the standalone Lua raises wherever it is: no trouble of what it raised in.
---@param problem any
---@return boolean
function errors.is_interrupt(problem)
  return type(problem) == "string" and problem:find("interrupted!", 1, true) ~= nil
end

return errors
