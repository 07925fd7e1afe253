import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const COMPONENT = fileURLToPath(new URL("../../component", import.meta.url));
const IMPORT = /^(?:import|export)\s+(?<type>type\s)?[^;]*?from\s+"(?<from>\.[^"]+)"/gm;

interface Import {
  readonly file: string;
  readonly target: string;
  readonly isTypeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? sources(join(folder, entry.name))
      : entry.name.endsWith(".ts")
        ? [join(folder, entry.name)]
        : [],
  );
}

const IMPORTS: readonly Import[] = sources(COMPONENT).flatMap((path) =>
  [...readFileSync(path, "utf8").matchAll(IMPORT)].map(({ groups }) => ({
    file: relative(COMPONENT, path),
    target: relative(COMPONENT, join(dirname(path), groups?.["from"] ?? "")),
    isTypeOnly: groups?.["type"] !== undefined,
  })),
);
const FOLDERS = sources(COMPONENT)
  .map((path) => relative(COMPONENT, path))
  .filter((path) => /^[^/]+\/mod\.ts$/.test(path))
  .map(dirname);

describe("a capability", () => {
  it("is found by this test", () => {
    expect(FOLDERS).to.include.members(["mailbox", "receipts", "bundles", "accounts"]);
    expect(IMPORTS.length).to.be.above(50);
  });

  for (const folder of FOLDERS) {
    it(`(${folder}) is put together with the others in app.ts alone`, () => {
      const users = IMPORTS.filter(({ target }) => target === `${folder}/mod.js`).map(({ file }) => file);
      expect(new Set(users)).to.deep.equal(new Set(["app.ts"]));
    });

    it(`(${folder}) has one line in app.ts beside its import`, () => {
      const app = readFileSync(join(COMPONENT, "app.ts"), "utf8");
      const line = app.split("\n").find((text) => text.includes(`"./${folder}/mod.js"`)) ?? "";
      const name = /\{ (\w+)[ ,]/.exec(line)?.[1] ?? "";
      const uses = app.split("\n").filter((text) => new RegExp(`\\b${name}\\b`).test(text) && text !== line);
      expect(name).not.to.equal("");
      // The link is no capability but what all of them stand on
      if (folder !== "link")
        expect(uses.filter((text) => !/^\s*(?:\/\/|\*)/.test(text)).length).to.be.within(1, 3);
    });
  }

  it("needs nothing of another at run time but its store", () => {
    const crossings = IMPORTS.filter(({ file, target, isTypeOnly }) => {
      const [from, to] = [dirname(file), dirname(target)];
      const isBetween =
        FOLDERS.includes(from.split("/")[0] ?? "") && FOLDERS.includes(to.split("/")[0] ?? "");
      return (
        isBetween && from.split("/")[0] !== to.split("/")[0] && !isTypeOnly && !target.endsWith("store.js")
      );
    });
    expect(crossings.map(({ file, target }) => `${file} -> ${target}`)).to.have.members(ALLOWED);
  });

  it("leaves what all of them share alone", () => {
    const shared = IMPORTS.filter(({ file, target, isTypeOnly }) => {
      const isShared = !file.includes("/") && file !== "app.ts" && file !== "main.ts" && file !== "mod.ts";
      return isShared && FOLDERS.includes(target.split("/")[0] ?? "") && !isTypeOnly;
    });
    // The schema of the configuration is made of the capabilities' own parts
    expect(
      shared.map(({ target }) => target).filter((target) => !target.endsWith("config.js")),
    ).to.deep.equal([]);
  });
});

/** What one capability calls of another: kept here so that a new one is a decision. */
const ALLOWED: readonly string[] = [
  "admin/export.ts -> linking/linking.js",
  "admin/overview.ts -> accounts/keeping.js",
  "admin/overview.ts -> sign-up/limits.js",
  "admin/overview.ts -> sign-up/service.js",
  "announcements/http.ts -> admin/reading.js",
  "announcements/mod.ts -> admin/http.js",
  "announcements/service.ts -> mailbox/offers.js",
  "announcements/store.ts -> mailbox/service.js",
  "apps/mod.ts -> federation/answers.js",
  "apps/handler.ts -> federation/address.js",
  "apps/handler.ts -> mailbox/offers.js",
  "apps/delivery.ts -> federation/address.js",
  "apps/welcome.ts -> availability/features.js",
  "apps/tries-store.ts -> mailbox/service.js",
  "pep/notifier.ts -> contacts/sight.js",
  "pep/notifier.ts -> contacts/stored-peer.js",
  "pep/subscriptions.ts -> mailbox/service.js",
  "apps/handler.ts -> mailbox/service.js",
  "bundles/handler.ts -> mailbox/service.js",
  "bundles/profile-nodes.ts -> contacts/vcard.js",
  "chat/conversation.ts -> accounts/keeping.js",
  "chat/conversation.ts -> directory/directory.js",
  "chat/conversation.ts -> linking/linking.js",
  "chat/conversation.ts -> sign-up/refusal.js",
  "chat/partners.ts -> sign-up/limits.js",
  "dashboard/mod.ts -> admin/service.js",
  "dashboard/routes.ts -> admin/http.js",
  "directory/store.ts -> sign-up/limits.js",
  "federation/answers.ts -> apps/written.js",
  "federation/store.ts -> mailbox/service.js",
  "federation/strangers.ts -> apps/message.js",
  "federation/strangers.ts -> apps/payload.js",
  "gateway/mod.ts -> directory/directory.js",
  "linking/commands.ts -> sign-up/http.js",
  "linking/linking.ts -> sign-up/parts.js",
  "linking/linking.ts -> sign-up/refusal.js",
  "linking/linking.ts -> sign-up/service.js",
  "pep/mod.ts -> bundles/account-nodes.js",
  "pep/nodes.ts -> bundles/account-nodes.js",
  "pep/nodes.ts -> bundles/profile-nodes.js",
  "linking/refusals.ts -> sign-up/refusal.js",
  "phone-book/mod.ts -> directory/directory.js",
  "registration/handler.ts -> accounts/keeping.js",
  "registration/handler.ts -> linking/linking.js",
  "registration/handler.ts -> linking/refusals.js",
  "search/mod.ts -> directory/directory.js",
  "sign-up/http.ts -> mailbox/service.js",
  "sign-up/proofs.ts -> accounts/pin.js",
  "sign-up/provisioning.ts -> accounts/host-accounts.js",
  "sign-up/sign-up.ts -> accounts/host-accounts.js",
  "sign-up/sign-up.ts -> accounts/removals.js",
];
