/**
 * A Lua program that reads a Prosody configuration with Prosody's own reader, and writes what the doctor looks at as JSON.
 *
 * Arguments: Prosody's source folder, the configuration file, the host, the number domain.
 */
export const PROSODY_READER = `
local source, file, host, component = ...
package.path = source .. "/?.lua;" .. package.path
package.cpath = source .. "/?.so;" .. package.cpath
prosody = { platform = "posix", paths = { config = file:match("^(.*)/[^/]*$") or ".", data = "." } }
local config = require "core.configmanager"
local json = require "util.json"

local ok, kind, problem = config.load(file)
if not ok then
	io.stderr:write(tostring(problem or kind))
	os.exit(1)
end

-- Tables may hold themselves, or functions: only plain values, a few levels deep
local function plain(value, depth)
	local kind_of = type(value)
	if kind_of == "string" or kind_of == "number" or kind_of == "boolean" then return value end
	if kind_of ~= "table" or depth > 4 then return nil end
	local items = value._items or value -- a set, or a list
	local copy, count = {}, 0
	for key, inner in pairs(items) do
		if value._items and inner == true then
			count = count + 1
			copy[count] = tostring(key)
		elseif type(key) == "number" then
			count = count + 1
			copy[count] = plain(inner, depth + 1)
		else
			copy[tostring(key)] = plain(inner, depth + 1)
		end
	end
	return copy
end

local wanted = {
	"admins", "modules_enabled", "modules_disabled", "network_settings", "gc", "limits", "component_module",
	"component_secret", "component_conflict_resolve", "component_stanza_size_limit", "component_interfaces",
	"component_ports", "groups_file", "allow_registration",
	"registration_invite_only", "defined",
}
local function section(name)
	local found = {}
	for _, option in ipairs(wanted) do
		local value = config.rawget(name, option)
		if value ~= nil then found[option] = plain(value, 0) end
	end
	return found
end

local facts = { version = "unknown", global = section("*") }
local version = io.open(source .. "/prosody.version")
if version then facts.version = version:read("*l") end
local sections = config.getconfig()
if rawget(sections, host) then facts.host = section(host) end
if rawget(sections, component) then facts.component = section(component) end

-- As Prosody does, from the folder of its configuration
local groups_path = config.get(host, "groups_file")
if type(groups_path) == "string" then
	if groups_path:sub(1, 1) ~= "/" then groups_path = prosody.paths.config .. "/" .. groups_path end
	local groups = io.open(groups_path)
	if groups then facts.groups = groups:read("*a") end
end
print(json.encode(facts))
`;
