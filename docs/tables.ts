import { SUITES, type Feature, type Met } from "./compliance.js";
import type { Support } from "./implementation.js";
import { NAMED_ONLY } from "./named-only.js";
import { IMPLEMENTED } from "./support.js";
import { TITLES } from "./titles.js";
import { WITHOUT_PLAY } from "./without-play.js";

/** Where an XEP or RFC is published. @param id `XEP-0184`, `RFC 6120` */
export function addressOf(id: string): string {
  const number = id.slice(4);
  if (id.startsWith("XEP")) return `https://xmpp.org/extensions/xep-${number}.html`;
  if (id.startsWith("RFC")) return `https://www.rfc-editor.org/rfc/rfc${number}`;
  return `https://signal.org/docs/specifications/${id.toLowerCase().replace(" ", "")}/`;
}

/** What a specification is called. @throws {Error} when `docs/titles.ts` does not say */
export function titleOf(id: string): string {
  const title = TITLES[id];
  if (title === undefined) throw new Error(`docs/titles.ts has no title for ${id}`);
  return title;
}

/**
 * What is wrong between the XEPs that the sources name and those of `docs/support.ts`.
 *
 * @param named ids of all XEPs that the sources name
 */
export function unaccounted(named: ReadonlySet<string>): string[] {
  const known = [...Object.keys(IMPLEMENTED), ...Object.keys(NAMED_ONLY)];
  return [
    ...[...named].filter((id) => !known.includes(id)).map((id) => `docs/support.ts says nothing of ${id}`),
    ...known.filter((id) => !named.has(id)).map((id) => `no source names ${id}, which docs/support.ts has`),
  ];
}

/**
 * What is wrong between the XEPs that are spoken and the plays that are named after them.
 *
 * @param plays ids of the XEPs that have one
 */
export function unplayed(plays: ReadonlySet<string>): string[] {
  const wanted = Object.keys(IMPLEMENTED).filter((id) => !Object.hasOwn(WITHOUT_PLAY, id));
  return [
    ...wanted.filter((id) => !plays.has(id)).map((id) => `${id} is spoken and has no play`),
    ...[...plays].filter((id) => !wanted.includes(id)).map((id) => `${id} has a play and needs none`),
    ...Object.keys(WITHOUT_PLAY)
      .filter((id) => !Object.hasOwn(IMPLEMENTED, id))
      .map((id) => `${id} is not spoken, and excused from having a play`),
  ];
}

/** The suites of XEP-0479, as sections of the page. */
export function complianceTables(): string[] {
  return Object.entries(SUITES).flatMap(([suite, features]) => [
    `### ${suite}`,
    "",
    "| feature | providers | server | client | server side: stock host and component | client side: SDK |",
    "|---|---|---|---|---|---|",
    ...features.map(featureRow),
    "",
  ]);
}

/** A row for each XEP that is spoken: how far, which part, shown by which tests. */
export function implementedTable(): string[] {
  const rows = Object.entries(IMPLEMENTED).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    "| XEP | component | SDK | shown by |",
    "|---|---|---|---|",
    ...rows.map(([id, { component, sdk, tests }]) => {
      const parts = [linkTo(id, ` ${titleOf(id)}`), said(component), said(sdk), shownBy(id, tests)];
      return `| ${parts.join(" | ")} |`;
    }),
    "",
    "Named in the sources and not spoken:",
    "",
    ...Object.entries(NAMED_ONLY).map(([id, reason]) => `- ${linkTo(id)} ${titleOf(id)}: ${reason}`),
    "",
    "Spoken, and without a play:",
    "",
    ...Object.entries(WITHOUT_PLAY).map(
      ([id, { reason, shownBy }]) =>
        `- ${linkTo(id)} ${titleOf(id)}: ${reason}; shown by ${testLinks(shownBy)}`,
    ),
  ];
}

const ASKED = { all: "✓", advanced: "advanced", none: "–" } as const;

function featureRow({ name, providers, server, client, host, sdk }: Feature): string {
  const links = providers.map((id) => linkTo(id)).join(", ");
  return `| ${[name, links, ASKED[server], ASKED[client], met(host), met(sdk)].join(" | ")} |`;
}

function met([degree, how, ...tests]: Met): string {
  const told = how === "" ? `**${degree}**` : `**${degree}**: ${how}`;
  return tests.length === 0 ? told : `${told} (${testLinks(tests)})`;
}

function said(support: Support | undefined): string {
  return support ? `**${support[0]}**: ${support[1]}` : "–";
}

function shownBy(id: string, tests: readonly string[]): string {
  if (Object.hasOwn(WITHOUT_PLAY, id)) return testLinks(tests);
  const name = id.toLowerCase();
  return `[the play](../test/plays/xeps/${name}.scs), ${testLinks(tests)}`;
}

function testLinks(tests: readonly string[]): string {
  if (tests.length === 0) return "no test";
  return tests.map((name) => `[${name}](../test/${name}.test.ts)`).join(", ");
}

function linkTo(id: string, rest = ""): string {
  return `[${id}](${addressOf(id)})${rest}`;
}
