---@meta
-- What fnf.ngx takes inside nginx: the options of a watch, and of the page that shows it.
-- SPDX-License-Identifier: MIT

--- Options of `fnf.ngx.watch`. The three names go together; without them it goes on with all that are watched.
---@class fnf.WatchOptions
---@field dict string name of a lua_shared_dict
---@field client fnf.Client
---@field FlowName? string
---@field ExecutionName? string
---@field MapRunName? string
---@field group? string tells clients of several accounts apart; the endpoint's host and a hash of the account's key id or provider by default
---@field min_delay? number seconds between two polls at least (1)
---@field max_delay? number seconds between two polls at most (30)
---@field keep? number seconds for which an end is remembered (86400)
---@field rate_limit? { rate?: number, burst?: number }|false polls a second, and at once; the service's quota by default
---@field machine? string this machine's name on the pages of others, where the client shares; the host's by default
---@field machine_life? number seconds after which others take a silent machine for gone (30)

--- Options of `fnf.ngx.status`.
---@class fnf.StatusOptions
---@field dict string name of the lua_shared_dict that watches use
---@field title? string of the page ("MapRuns")
---@field explain? boolean false: the page has no button that asks why items failed, which costs quota
---@field max_listeners? integer browsers that may listen to one worker (100)

--- What `require "fnf.ngx"` returns; fnf.Watch and fnf.WatchState stand in their modules.
---@class fnf.ngx
---@field watch fun(options: fnf.WatchOptions): fnf.Watch watches a MapRun, for all workers and requests; raises misuse
---@field status fun(options: fnf.StatusOptions) answers a request by the page, status.json, metrics or events
