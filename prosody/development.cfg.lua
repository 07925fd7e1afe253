-- How Twotick runs a stock Prosody (0.12 or newer) for development and tests.
-- Words in double braces are filled in by prosody/prosody.ts. An admin who has a running Prosody needs only
-- the parts marked (1) to (6); everything else here makes the development server small and private.

pidfile = {{pidfile}}
data_path = {{data_path}}
certificates = {{certificates}}
admin_socket = {{admin_socket}}
log = { { levels = { min = {{log_level}} }, to = "file", filename = {{log_path}} } }
-- Prosody refuses to open the client port as root unless this is said.
run_as_root = {{run_as_root}}

-- Everything listens here and nowhere else; no other server is spoken to.
interfaces = { {{interface}} }
component_interfaces = { {{interface}} }
c2s_ports = { {{client_port}} }
component_ports = { {{component_port}} }

-- (1) Nagle's algorithm makes an answer wait for more data: a round trip takes 42 ms with it and 1 ms without.
-- A long backlog lets everyone come back at once after a restart; a short read_timeout finds dead peers.
network_settings = { nagle = false, read_timeout = 60, tcp_backlog = 1024 }
-- By default the garbage collector begins anew when memory has grown by 5%, which is nearly always: half of Prosody's
-- processor time. This is what Lua itself does, and takes 2 MB more.
gc = { threshold = 200 }

modules_enabled = {
	"admin_adhoc"; -- (2) accounts are made, changed and deleted through XEP-0133 commands
	"blocklist";
	"carbons";
	"csi_simple";
	"disco";
	"invites"; -- (6) account invitations: links that open an app and make one account each
	"invites_adhoc"; -- (6) Twotick asks for them
	"invites_register"; -- (6) apps use them; without one nobody can register, see registration_invite_only
	"groups"; -- (5) everybody has Twotick on the roster, so it is told who comes online
	"pep"; -- OMEMO device lists and bundles are kept here
	"ping"; -- clients find out with it whether the server is still there
	"posix";
	"private";
	"roster";
	"saslauth";
	"smacks"; -- XEP-0198: a client resumes its session after a cut connection
	"time";
	"tls";
	"uptime";
	"vcard4";
	"vcard_legacy";
	"version";
}

-- (3) The host must not keep messages for people who are away: what it cannot deliver bounces to Twotick, whose
-- mailbox keeps it and tells the sender. For the same reason "mam" is not in the list above: with an archive
-- a message to somebody who is away disappears into it without a bounce.
-- "limits" is left out too: Debian's default of 10 kB/s a client is about 50 messages a second.
modules_disabled = { "offline", "s2s"{{also_disabled}} }

-- (5) Written beside this file: a public group whose only member is the number domain.
groups_file = {{groups_file}}

-- (6) The default, said aloud: who has no invitation cannot make an account.
registration_invite_only = true

authentication = "internal_hashed"
-- Passwords are never sent in clear (SCRAM only). Everything else is in clear unless there is a certificate, which
-- is why this server then listens on loopback only; "tls" is disabled then, for Prosody would offer what must fail.
allow_unencrypted_plain_auth = false
c2s_require_encryption = {{require_encryption}}
{{tls}}
VirtualHost {{host}}
	-- (2) One exact address of the component may make accounts, on this host alone. Not in the global "admins",
	-- which would also let it reload and stop the server.
	admins = { {{registrar}} }

-- (4) The number domain: Twotick connects here.
Component {{component_domain}}
	component_secret = {{component_secret}}
	-- A component that comes back after a crash takes over from its own dead connection at once; with Prosody's
	-- default ("kick_new") it would be refused until that one has timed out.
	component_conflict_resolve = "kick_old"
	-- A batch of messages travels as one stanza; the default is 512 KiB.
	component_stanza_size_limit = 1024 * 1024
