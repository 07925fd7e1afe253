import { join } from "node:path";
import { stringify } from "smol-toml";
import type { Carrier, InitPlan } from "./plan.js";

/** Writes the component's configuration: what has to be said, and where to look for more. */
export function renderToml(plan: InitPlan): string {
  const { domain, numberDomain, folder, store, httpPort, componentPort, carrier } = plan;
  const sections = stringify({
    host: { domain },
    link: { domain: numberDomain, port: componentPort, secret_file: join(folder, "link-secret") },
    store: { path: store, key_file: join(folder, "store-key") },
    http: { port: httpPort },
    sign_up: signUp(carrier, folder),
  });
  return `# Twotick's component. Every option: docs/admin.md. After a change: twotick component --check, then restart it.\n${sections.trim()}\n`;
}

function signUp(carrier: Carrier, folder: string): Record<string, unknown> {
  if (carrier.provider === "none") return { provider: "none" };
  if (carrier.provider === "console") return { provider: "console", development: true };
  const { provider, countries } = carrier;
  if (provider === "command")
    return { provider, countries, command: { run: [carrier.program, "{number}", "{code}"] } };
  return {
    provider,
    countries,
    http: {
      url: carrier.url,
      headers: { Authorization: "Bearer {secret}" },
      body: '{"to": "{number}", "text": "{text}"}',
      secret_file: join(folder, "sms-secret"),
    },
  };
}
