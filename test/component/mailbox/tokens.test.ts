import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { isFreshNonce, issueNonce, issueToken, openToken } from "../../../component/mailbox/tokens.js";
import { Vault } from "../../../component/store/vault.js";
import type { DeviceId } from "../../../src/ids.js";

const vault = new Vault(randomBytes(32));
const TOKEN = {
  account: "romeo@example.org",
  deviceId: 7 as DeviceId,
  mailbox: 3,
  generation: 0,
  expiresAt: 1000,
};

describe("session tokens", () => {
  it("are opened by the service that made them, and read by nobody else", () => {
    const text = issueToken(vault, TOKEN);
    expect(openToken(vault, text)).to.deep.equal(TOKEN);
    expect(openToken(new Vault(randomBytes(32)), text)).to.equal(undefined);
    expect(Buffer.from(text, "base64url").toString("latin1")).not.to.include("romeo");
    for (const other of [
      "",
      "AAAA",
      `${text}AAAA`,
      text.slice(4),
      issueNonce(vault, "romeo@example.org/a", 0),
    ])
      expect(openToken(vault, other), other).to.equal(undefined);
  });
});

describe("nonces", () => {
  it("are good for one full JID and one minute", () => {
    const nonce = issueNonce(vault, "romeo@example.org/a", 1000);
    const isFresh = (fullJid: string, now: number) => isFreshNonce(vault, nonce, fullJid, now);
    expect(isFresh("romeo@example.org/a", 1000)).to.equal(true);
    expect(isFresh("romeo@example.org/a", 60_999)).to.equal(true);
    expect(isFresh("romeo@example.org/a", 61_000)).to.equal(false);
    expect(isFresh("romeo@example.org/a", 999), "the clock stepped back").to.equal(false);
    expect(isFresh("romeo@example.org/b", 1000)).to.equal(false);
    expect(isFreshNonce(vault, issueToken(vault, TOKEN), "romeo@example.org/a", 0)).to.equal(false);
    expect(issueNonce(vault, "romeo@example.org/a", 1000)).not.to.equal(nonce);
  });
});
