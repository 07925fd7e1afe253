import { randomBytes } from "node:crypto";
import { join, dirname } from "node:path";
import type { ProsodyFacts } from "../../component/doctor/prosody-facts.js";
import { renderGroups, renderLua } from "./lua.js";
import { configPath, type InitPlan, type PlannedFile, prosodyPartPath } from "./plan.js";
import { renderToml } from "./toml.js";

const PRIVATE = 0o600;
const PROSODYS = 0o640;
const PUBLIC = 0o644;

/** The files of an installation, with fresh secrets. @param facts what Prosody's configuration says now */
export function plannedFiles(plan: InitPlan, facts: ProsodyFacts | undefined): PlannedFile[] {
  const [linkSecret, storeKey] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];
  const own = (name: string, text: string, what: string): PlannedFile => {
    const path = join(plan.folder, name);
    return { path, text: `${text}\n`, mode: PRIVATE, isProsodys: false, what, isSecret: true };
  };
  const { carrier } = plan;
  return [
    {
      path: configPath(plan),
      text: renderToml(plan),
      mode: PRIVATE,
      isProsodys: false,
      what: "the component's configuration",
      isSecret: false,
    },
    own("link-secret", linkSecret, "by which Prosody knows the component"),
    own("store-key", storeKey, "seals the numbers in the store: keep a copy apart from the backups"),
    ...(carrier.provider === "http"
      ? [own("sms-secret", carrier.secret, "what the SMS service asks for")]
      : []),
    {
      path: prosodyPartPath(plan),
      text: renderLua(plan, linkSecret, facts),
      mode: PROSODYS,
      isProsodys: true,
      what: "Twotick's part of Prosody's configuration",
      isSecret: false,
    },
    {
      path: join(dirname(plan.prosodyConfig), "twotick-groups.txt"),
      text: renderGroups(plan),
      mode: PUBLIC,
      isProsodys: true,
      what: "puts Twotick on everybody's roster",
      isSecret: false,
    },
  ];
}
