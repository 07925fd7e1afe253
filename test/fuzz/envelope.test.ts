import { expect } from "chai";
import { checkAffixes, REQUIRED_AFFIXES } from "../../src/envelope-affixes.js";
import { isAllowedInEnvelope } from "../../src/envelope-content.js";
import { type OpenedEnvelope, readEnvelope, writeEnvelope } from "../../src/envelope.js";
import { InvalidInput } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { childElements } from "../../src/xml.js";
import { fuzz, outcomeOf } from "./harness.js";

const JULIET = Jid.parse("+15551230001@phone.example.org");
const ROMEO = Jid.parse("+15551230002@phone.example.org");
const SENT_AT = Date.UTC(2026, 0, 31, 9, 30);

const written = (content: string): string =>
  writeEnvelope({ content, from: JULIET.bare, to: ROMEO.bare, time: SENT_AT, rpadLength: 0 });

/** What an envelope says. */
function essence({ content, from, to, time }: OpenedEnvelope) {
  return { content: content.children.map(String), from: from?.bare, to: to?.bare, time };
}

/** Written again; what was accepted may not be refused now. */
function rewritten({ content, from, to, time }: OpenedEnvelope): string {
  const inside = content.children.map(String).join("");
  return writeEnvelope({ content: inside, from: from?.bare, to: to?.bare, time });
}

/** What an envelope may be read for: nothing of it contradicts its stanza, and nothing stands in it that must not. */
function check(envelope: OpenedEnvelope): string {
  expect(childElements(envelope.content).every(isAllowedInEnvelope)).to.equal(true);
  const problem = checkAffixes(envelope, {
    from: JULIET,
    to: ROMEO,
    sentAt: SENT_AT,
    required: REQUIRED_AFFIXES.trustMessage,
  });
  if (problem !== undefined) return problem;
  expect([envelope.from?.bare ?? JULIET.bare, envelope.to?.bare ?? ROMEO.bare]).to.deep.equal([
    JULIET.bare,
    ROMEO.bare,
  ]);
  expect(Math.abs((envelope.time ?? 0) - SENT_AT)).to.be.at.most(30 * 24 * 60 * 60_000);
  return "fits";
}

fuzz({
  name: "envelope",
  promise: "reads what it would write again and holds it to its stanza, or refuses with InvalidInput",
  seeds: () => [
    written(`<body xmlns='${NS.client}'>a &lt; b &#13; \u{1f600}</body>`),
    written(`<trust-message xmlns='${NS.trustMessages}' usage='${NS.automaticTrust}' encryption='x'/>`),
    written(`<x:body xmlns:x='${NS.client}' x:y='1' xml:lang='en'>a</x:body><![CDATA[<]]>`),
    `<envelope xmlns='${NS.sce}'><content><store xmlns='${NS.hints}'/></content><to jid='${JULIET.bare}'/></envelope>`,
    `<envelope xmlns='${NS.sce}'><content/><time stamp='2026-01-31T09:30:00+14:00'/></envelope>`,
  ],
  dictionary: [
    "<content>",
    "</content>",
    "<!DOCTYPE a>",
    "<!--",
    "<?x",
    "<![CDATA[",
    "]]>",
    "&#0;",
    "&#13;",
    "&amp;",
    "&x;",
    "<time stamp='0000-01-01T00:00:00+14:00'/>",
    "<time stamp='9999-12-31T23:59:59-14:00'/>",
    `<from jid='${ROMEO.bare}'/>`,
    "<from jid='@'/>",
    ` xmlns='${NS.client}'`,
    " xmlns=''",
    " xmlns:a='b'",
    "a:",
  ],
  run: (input) => {
    const read: OpenedEnvelope[] = [];
    const refusal = outcomeOf(() => read.push(readEnvelope(input)), InvalidInput);
    const [envelope] = read;
    if (!envelope) return refusal;
    // Nobody writes what was before 1970, and it fits no stanza
    if ((envelope.time ?? 0) >= 0)
      expect(essence(readEnvelope(rewritten(envelope)))).to.deep.equal(essence(envelope));
    return check(envelope);
  },
});
