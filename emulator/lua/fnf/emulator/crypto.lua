--- Hashes, MACs and Base64 of libcrypto, through LuaJIT's FFI.
-- SPDX-License-Identifier: MIT

local ffi = require "ffi"

local crypto = {}

-- The one-shot functions of OpenSSL 1.1 and 3, with pointers to things unknown as `void`.
ffi.cdef [[
const void *EVP_get_digestbyname(const char *name);
int EVP_Digest(const void *data, size_t count, unsigned char *md, unsigned int *size, const void *type, void *engine);
unsigned char *HMAC(const void *type, const void *key, int key_length, const unsigned char *data, size_t count,
  unsigned char *md, unsigned int *size);
int EVP_EncodeBlock(unsigned char *to, const unsigned char *from, int count);
]]

-- By versioned name: the plain one comes with the headers, which a machine that only runs programs does not have.
local NAMES = { "libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib", "libcrypto.1.1.dylib" }

--- The libcrypto of the process where it has one (nginx's own): two of different versions must not meet.
local function open()
  local loaded = pcall(function()
    return ffi.C.HMAC
  end)
  if loaded then
    return ffi.C
  end
  for _, name in ipairs(NAMES) do
    local found, library = pcall(ffi.load, name)
    if found then
      return library
    end
  end
  error("the emulator needs OpenSSL's libcrypto, which was looked for as " .. table.concat(NAMES, ", "), 0)
end

local library = open()

local LONGEST = 64 -- bytes of any digest, EVP_MAX_MD_SIZE

local output = ffi.new("unsigned char[?]", LONGEST)
local size = ffi.new "unsigned int[1]"

local function type_of(name)
  local found = library.EVP_get_digestbyname(name)
  if found == nil then
    error("this machine's OpenSSL has no " .. name, 0)
  end
  return found
end

--- Can this machine's OpenSSL do it? Some are built without SM3.
---@param name string
---@return boolean
function crypto.has(name)
  return library.EVP_get_digestbyname(name) ~= nil
end

--- The hash of a text.
---@param name "SHA1"|"SHA256"|"SM3"
---@param text string
---@return string bytes
function crypto.digest(name, text)
  if library.EVP_Digest(text, #text, output, size, type_of(name), nil) ~= 1 then
    error("OpenSSL could not compute " .. name, 0)
  end
  return ffi.string(output, size[0])
end

--- The MAC of a text.
---@param name "SHA1"|"SHA256"|"SM3"
---@param key string
---@param text string
---@return string bytes
function crypto.hmac(name, key, text)
  if library.HMAC(type_of(name), key, #key, text, #text, output, size) == nil then
    error("OpenSSL could not compute HMAC-" .. name, 0)
  end
  return ffi.string(output, size[0])
end

--- Lower-case hexadecimal digits.
---@param bytes string
---@return string
function crypto.hex(bytes)
  return (bytes:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

--- Base64 with padding.
---@param bytes string
---@return string
function crypto.base64(bytes)
  local room = ffi.new("unsigned char[?]", math.ceil(#bytes / 3) * 4 + 1)
  return ffi.string(room, library.EVP_EncodeBlock(room, bytes, #bytes))
end

return crypto
