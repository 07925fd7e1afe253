import axe from "axe-core";
import { expect } from "chai";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { dashboardToken } from "../../../component/http/admin-token.js";
import { Vault } from "../../../component/store/vault.js";
import { startBrowser } from "../../support/browser.js";
import { RawDevice } from "../../support/raw-device.js";
import { setEntryAside } from "../../support/set-aside.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const BODY = "But soft, what light";
const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true };

describe("the dashboard in Chromium", function () {
  this.timeout(60_000);
  const world = useWorld({ config: { dashboard: { prices: { "49": 0.075 }, currency: "EUR" } } });
  let browser: Browser;
  let romeo: RawDevice;
  let juliet: RawDevice;
  const contexts: BrowserContext[] = [];
  /** What the browser's console complained about: blocked by the policy, not found, thrown. */
  let complaints: string[] = [];
  /** What the page asked for. */
  let requests: string[] = [];

  before(async () => {
    browser = await startBrowser();
    romeo = await RawDevice.online(await world().person(ROMEO, "opaque-romeo"));
    juliet = await RawDevice.online(await world().person(JULIET, "opaque-juliet"));
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(complaints).to.deep.equal([]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([romeo?.stop(), juliet?.stop()]);
  });

  const base = (): string => `http://127.0.0.1:${world().app.httpPort}/dashboard/`;
  const vault = (): Vault => new Vault(Buffer.from(world().config.store.key, "base64"));
  const token = (): string => dashboardToken(vault(), Date.now() + 60_000);

  async function open(options: BrowserContextOptions = {}, hash = `#token=${token()}`): Promise<Page> {
    complaints = [];
    requests = [];
    const context = await browser.newContext({ ...PHONE, locale: "en-GB", ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.on("console", (message) => {
      // That a token was refused is said in the console too
      if (!message.text().includes("status of 401")) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(`${base()}${hash}`);
    return page;
  }

  async function opened(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await open(options);
    await page.locator("#tiles dd").first().waitFor();
    return page;
  }

  /** What axe finds: contrast, names, roles, order of headings. */
  async function faults(page: Page): Promise<string[]> {
    // A script of the test is not under the page's policy
    await page.evaluate(axe.source);
    const found = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
      "axe.run(document, { resultTypes: ['violations'] })",
    );
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`),
    );
  }

  async function expectNoOverflow(page: Page): Promise<void> {
    const width = await page.evaluate<number[]>("[document.documentElement.scrollWidth, window.innerWidth]");
    expect(width[0]).to.be.at.most(width[1] ?? 0);
  }

  const tile = (page: Page, name: string): Promise<string> =>
    page.locator("#tiles > div", { hasText: name }).locator("dd").first().innerText();

  const isSetAside = async (): Promise<boolean> => {
    const headers = { authorization: `Bearer ${token()}` };
    const response = await fetch(`${base()}v1/set-aside`, { headers });
    return ((await response.json()) as { entries: unknown[] }).entries.length > 0;
  };

  /** The page asks as soon as it is looked at again. */
  const askNow = (page: Page): Promise<void> =>
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");

  it("shows nothing without a token, and says when one is wrong or too old", async () => {
    const page = await open({}, "");
    await page.locator("#token:focus").waitFor();
    expect(await page.locator("#figures").isVisible()).to.equal(false);
    await page.keyboard.type(dashboardToken(vault(), Date.now() - 1_000));
    await page.keyboard.press("Enter");
    expect(await page.getByRole("alert").innerText()).to.equal("The token is wrong or too old.");
    expect(await faults(page)).to.deep.equal([]);
    await page.locator("#token:focus").waitFor();
    await page.keyboard.type(token());
    await page.keyboard.press("Enter");
    await page.locator("#tiles dd").first().waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.reload();
    await page.locator("#sign-in").waitFor();
  });

  it("shows what happens, live, with a table beside every plot", async () => {
    const page = await opened({ viewport: { width: 1280, height: 900 } });
    juliet.isAcknowledging = true;
    const id = await romeo.say(juliet.numberJid, BODY);
    await romeo.receipt(id, "delivered");
    await page
      .locator("#tiles > div", { hasText: "Delivered a minute" })
      .locator("dd:first-of-type")
      .getByText(/^[1-9]/)
      .waitFor({ timeout: 15_000 });
    expect(await tile(page, "Devices attached")).to.equal("2");
    expect(await page.locator("#badges").innerText()).to.include("Linked to the server");
    const plots = await page.locator("figure.plot").all();
    expect(plots.length).to.equal(8);
    for (const plot of plots) {
      const title = await plot.locator("h3").innerText();
      expect(await plot.getByRole("img").getAttribute("aria-label")).to.match(new RegExp(`^${title}, now: `));
      await plot.locator("summary").click();
      const heads = await plot.locator("thead th").allInnerTexts();
      expect(heads).to.deep.equal([
        "Time",
        ...(await plot.locator(".legend li").allInnerTexts()).map((text) => text.split("\n")[0]),
      ]);
      expect(await plot.locator("tbody tr").count()).to.equal(12);
    }
    const row = plots[0]!.locator("tbody tr").first();
    expect(await row.locator("td").nth(1).innerText()).not.to.equal("0");
    expect(await plots[0]!.locator("polyline, circle").count()).to.be.above(0);
    await plots[0]!.locator(".drawing").hover();
    expect(await plots[0]!.locator(".tip").innerText()).to.match(/accepted/);
    await page.getByText("10 minutes").click();
    expect(await plots[0]!.locator("tbody tr").count()).to.equal(10);
    expect(await faults(page)).to.deep.equal([]);
    // Nothing comes from anywhere else, and the token goes nowhere but into a header
    expect(requests.filter((url) => !url.startsWith(base()) || url.includes("token"))).to.deep.equal([]);
    expect(page.url()).to.equal(base());
  });

  it("is used by keyboard alone: an entry that is set aside is delivered again, another one dropped", async () => {
    await setEntryAside(romeo, juliet, BODY, isSetAside);
    const page = await opened();
    const list = page.locator("#set-aside");
    const again = list.getByRole("button", { name: /Deliver again entry/ });
    await again.waitFor();
    expect(await list.innerText()).to.match(/op…et@example\.org/);
    expect(await page.content()).not.to.match(/opaque-juliet|15551230002/);
    expect(await tile(page, "Set aside")).to.equal("1");
    expect(await faults(page)).to.deep.equal([]);
    await expectNoOverflow(page);

    await again.focus();
    await page.keyboard.press("Enter");
    // What is safe has the focus: Enter alone does nothing
    await page.locator("#confirm-no:focus").waitFor();
    expect(await faults(page)).to.deep.equal([]);
    await page.keyboard.press("Escape");
    await page.locator("[data-action^=retry]:focus").waitFor();
    juliet.isAcknowledging = true;
    juliet.entries.length = 0;
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await until("it has arrived", () => juliet.messages.some(({ payload }) => payload.includes(BODY)));
    await page.locator("#set-aside-title:focus").waitFor();
    expect(await page.getByRole("status").innerText()).to.match(/^Entry \d+ is on its way again\.$/);
    expect(await list.innerText()).to.equal("None.");

    await setEntryAside(romeo, juliet, BODY, isSetAside);
    await page.reload();
    await list.getByRole("button", { name: /Drop entry/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drop" }).click();
    await list.getByText("None.").waitFor();
    expect(await isSetAside()).to.equal(false);
  });

  it("fits a phone, light and dark, and every colour can be read", async () => {
    const colours = new Set<string>();
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await opened({ colorScheme });
      await expectNoOverflow(page);
      expect(await faults(page)).to.deep.equal([]);
      colours.add(await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"));
      await page.keyboard.press("Tab");
      expect(await page.locator(":focus").innerText()).to.equal("Skip to the figures");
    }
    expect(colours.size).to.equal(2);
  });

  it("says that nobody answers, and goes on when somebody does", async () => {
    const page = await opened();
    await page.route("**/v1/samples*", (route) => route.abort());
    await askNow(page);
    await page.locator("#badges .bad").waitFor();
    expect(await page.getByRole("status").innerText()).to.equal(
      "The dashboard gets no answer from the component.",
    );
    await page.unroute("**/v1/samples*");
    await askNow(page);
    await page.locator("#badges .bad").waitFor({ state: "detached" });
    expect(complaints.splice(0).every((text) => text.includes("ERR_FAILED"))).to.equal(true);
  });

  it("takes no request without its token, and no script but its own", async () => {
    for (const [method, path] of [
      ["GET", "v1/samples"],
      ["GET", "v1/set-aside"],
      ["POST", "v1/set-aside/1/drop"],
      ["POST", "v1/set-aside/1/retry"],
    ] as const)
      expect((await fetch(`${base()}${path}`, { method })).status, path).to.equal(401);
    const page = await fetch(base());
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).to.match(/^default-src 'none'; script-src 'self';/);
    expect(policy).not.to.match(/unsafe|https?:/);
    expect(await page.text()).not.to.match(/ style=|<style|<script(?![^>]* src="main\.js")|\bon\w+=|https?:/);
    // What the dashboard's token opens is the dashboard alone
    const other = `http://127.0.0.1:${world().app.httpPort}/admin/v1/set-aside`;
    expect((await fetch(other, { headers: { authorization: `Bearer ${token()}` } })).status).to.equal(401);
  });
});
