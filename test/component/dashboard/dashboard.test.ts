import { expect } from "chai";
import { countryCodes, priceOf } from "../../../component/dashboard/countries.js";
import { History } from "../../../component/dashboard/history.js";
import { COLUMNS, Sampler } from "../../../component/dashboard/sampler.js";
import { maskedAccount } from "../../../component/dashboard/set-aside.js";
import { adminToken, dashboardToken, mayUseDashboard } from "../../../component/http/admin-token.js";
import { createMetrics } from "../../../component/metrics.js";
import { Vault } from "../../../component/store/vault.js";

const vault = new Vault(Buffer.alloc(32, 1));
const NOW = 1_800_000_000_000;

describe("mayUseDashboard", () => {
  const token = dashboardToken(vault, NOW + 1_000);
  const [seconds = "", mac = ""] = token.split(".");
  for (const [promise, authorization, expected] of [
    ["takes a token of the dashboard", `Bearer ${token}`, true],
    ["takes the admin's token", `Bearer ${adminToken(vault)}`, true],
    ["refuses a token that is too old", `Bearer ${dashboardToken(vault, NOW)}`, false],
    ["refuses one whose end was moved", `Bearer ${Number(seconds) + 1}.${mac}`, false],
    [
      "refuses one made with another key",
      `Bearer ${dashboardToken(new Vault(Buffer.alloc(32, 2)), NOW + 1_000)}`,
      false,
    ],
    ["refuses a bare time", `Bearer ${seconds}.`, false],
    ["refuses another scheme", `Basic ${token}`, false],
    ["refuses nothing at all", undefined, false],
  ] as const)
    it(promise, () => expect(mayUseDashboard(vault, authorization, NOW)).to.equal(expected));
});

describe("History", () => {
  const sample = (at: number) => ({ at, values: [], accepts: [], commits: [] });
  const history = new History(3);
  for (let at = 1; at <= 5; at++) history.add(sample(at));
  for (const [after, expected] of [
    [0, [3, 4, 5]],
    [3, [4, 5]],
    [5, []],
    [6, [3, 4, 5]],
    [-1, [3, 4, 5]],
    [Number.NaN, [3, 4, 5]],
  ] as const)
    it(`tells what is behind ${after} of 5 taken, and keeps 3`, () =>
      expect(history.after(after).map(({ at }) => at)).to.deep.equal(expected));
});

describe("Sampler", () => {
  it("tells what was counted since the sample before, states as they are, and durations by bucket", async () => {
    const metrics = createMetrics();
    let refreshed = 0;
    metrics.refreshers.push(async () => void refreshed++);
    const sampler = new Sampler(metrics);
    metrics.messages.inc({ outcome: "accepted" }, 5);
    metrics.messages.inc({ outcome: "unknown-number" }, 2);
    metrics.receipts.inc({ state: "read" }, 3);
    metrics.signUpCodes.inc({ country: "DE", outcome: "sent" }, 4);
    metrics.mailboxEntries.set(7);
    metrics.acceptSeconds.observe(0.0001);
    metrics.acceptSeconds.observe(100);
    const first = await sampler.take(NOW);
    const column = (values: readonly number[], name: (typeof COLUMNS)[number]) =>
      values[COLUMNS.indexOf(name)];
    expect(first.values.length).to.equal(COLUMNS.length);
    expect(
      COLUMNS.map((name) => [name, column(first.values, name)]).filter(
        ([name, value]) => value !== 0 && name !== "memoryBytes",
      ),
    ).to.deep.equal([
      ["accepted", 5],
      ["refused", 2],
      ["read", 3],
      ["codesSent", 4],
      ["waitingEntries", 7],
    ]);
    expect([first.accepts[0], first.accepts.at(-1), first.accepts.length]).to.deep.equal([1, 1, 14]);
    expect(first.commits).to.deep.equal([]);
    metrics.messages.inc({ outcome: "accepted" });
    const second = await sampler.take(NOW + 5_000);
    expect([column(second.values, "accepted"), column(second.values, "waitingEntries")]).to.deep.equal([
      1, 7,
    ]);
    expect(second.accepts).to.deep.equal([]);
    expect(sampler.totals).to.include({ accepted: 6, refused: 2, read: 3 });
    // What costs the store something is asked for at every other sample
    await sampler.take(NOW + 10_000);
    expect(refreshed).to.equal(2);
  });
});

describe("countryCodes", () => {
  it("prices what was sent, by country or by calling code, and says where it knows no price", async () => {
    const metrics = createMetrics();
    for (const [country, outcome, times] of [
      ["DE", "sent", 10],
      ["DE", "used", 8],
      ["US", "sent", 2],
      ["CA", "sent", 2],
      ["SN", "sent", 50],
      ["ZZ", "failed", 1],
    ] as const)
      metrics.signUpCodes.inc({ country, outcome }, times);
    expect(await countryCodes(metrics, { "49": 0.075, "1": 0.01, CA: 0.02 })).to.deep.equal([
      { country: "DE", sent: 10, failed: 0, used: 8, cost: 0.75 },
      { country: "CA", sent: 2, failed: 0, used: 0, cost: 0.04 },
      { country: "US", sent: 2, failed: 0, used: 0, cost: 0.02 },
      { country: "SN", sent: 50, failed: 0, used: 0, cost: null },
      { country: "ZZ", sent: 0, failed: 1, used: 0, cost: null },
    ]);
    expect(priceOf("ZZ", { "49": 1 })).to.equal(undefined);
  });
});

describe("maskedAccount", () => {
  for (const [account, expected] of [
    ["+15551230001@example.org", "+1…01@example.org"],
    ["15551230@example.org", "15…30@example.org"],
    ["romeo@example.org", "r…@example.org"],
  ] as const)
    it(`shows ${expected}`, () => expect(maskedAccount(account)).to.equal(expected));
});
