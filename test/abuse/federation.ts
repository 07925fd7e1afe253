import { randomInt } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { ProsodyProcess } from "../../prosody/prosody.js";

/**
 * Draws a loopback address that is the domain of a server at the same time.
 *
 * Prosody asks no name server for a domain that is an address, and connects to port 5269 of it.
 */
export function loopbackDomain(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

/** Restarts a Prosody so that it speaks to other servers, as these domains, without TLS. Source: XEP-0220. */
export async function federate(prosody: ProsodyProcess, ...domains: readonly string[]): Promise<void> {
  const text = readFileSync(prosody.configPath, "utf8")
    .replace('"offline", "s2s"', '"offline"')
    .replace("modules_enabled = {", 'modules_enabled = {\n\t"s2s"; "dialback";');
  const options = [
    `s2s_interfaces = { ${domains.map((domain) => `"${domain}"`).join(", ")} }`,
    "s2s_ports = { 5269 }",
    "s2s_secure_auth = false",
    "s2s_require_encryption = false",
  ];
  writeFileSync(prosody.configPath, `${options.join("\n")}\n${text}`, { mode: 0o600 });
  await prosody.restart();
}
