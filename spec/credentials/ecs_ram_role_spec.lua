-- The role of an ECS instance, by its metadata service.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local source_rows = require "spec.support.source_rows"

local temporary = fake_sources.temporary
local TOKEN, ROLES, merge, ecs = source_rows.TOKEN, source_rows.ROLES, source_rows.merge, source_rows.ecs
local only_without = source_rows.only_without

local rows = {
  { "metadata by token", answers = ecs(), id = "STS.ecs", token = "s3cr3t-token-ecs",
    asked = { TOKEN, ROLES, ROLES .. "role-name" }, direct = true, timeout = 2 },
  { "metadata with the role's name from the environment", env = { ALIBABA_CLOUD_ECS_METADATA = "role-name" },
    answers = ecs(), id = "STS.ecs", asked = { TOKEN, ROLES .. "role-name" } },
  { "metadata without a token where there is no v2", id = "STS.ecs",
    answers = merge(ecs(), { [TOKEN] = { status = 404, body = "" } }), asked = { TOKEN, ROLES, ROLES .. "role-name" } },
  { "metadata never without a token where v1 is disabled", given = credentials.ecs_ram_role, asked = { TOKEN },
    env = { ALIBABA_CLOUD_IMDSV1_DISABLED = "true" }, answers = merge(ecs(), { [TOKEN] = { status = 404, body = "" } }),
    error = "answered with HTTP status 404" },
  { "metadata never without a token if the caller says so", asked = { TOKEN },
    given = function() return credentials.ecs_ram_role { token_only = true } end,
    answers = merge(ecs(), { [TOKEN] = { status = 403, body = "" } }), error = "HTTP status 403" },
  { "metadata once more without a token that is refused", id = "STS.ecs",
    answers = { [TOKEN] = "s3cr3t-m", [ROLES] = only_without "role-name", [ROLES .. "role-name"] = temporary "ecs" },
    asked = { TOKEN, ROLES, ROLES, ROLES .. "role-name" } },
  { "metadata whose token is no header", given = credentials.ecs_ram_role,
    answers = merge(ecs(), { [TOKEN] = "s3cr3t\r\nx: y" }), id = "STS.ecs" },
  { "metadata without success", given = credentials.ecs_ram_role, error = "without success for the role role-name",
    answers = ecs(merge(temporary "ecs", { Code = "Failed" })) },
  { "metadata with a role's name that is a path", given = credentials.ecs_ram_role,
    answers = merge(ecs(), { [ROLES] = "../../s3cr3t" }), error = "is no role name" },
  { "metadata of more than 64 KiB", given = credentials.ecs_ram_role,
    answers = merge(ecs(), { [ROLES .. "role-name"] = ("s3cr3t"):rep(11000) }), error = "more than 64 KiB" },
  { "metadata that nobody serves", given = credentials.ecs_ram_role, error = "cannot be asked: Failed to connect" },
}

describe("the metadata service:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)
